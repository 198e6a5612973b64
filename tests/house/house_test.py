#!/usr/bin/env python3
"""Checks the repository against the rules of the house, and the rules against planted violations."""

import os
import subprocess
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import rules  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CODE = (".cc", ".h", ".py", ".sh", ".cmake", "CMakeLists.txt")


def files(*folders, endings):
    """(path relative to the repository, text) of all files with these endings, in order."""
    for folder in folders:
        for place, folders_below, names in os.walk(os.path.join(ROOT, folder)):
            folders_below.sort()
            for name in sorted(names):
                if name.endswith(endings):
                    path = os.path.join(place, name)
                    with open(path, encoding="utf-8") as file:
                        yield os.path.relpath(path, ROOT), file.read()


class TheRepository(unittest.TestCase):
    def assert_none(self, violations):
        self.assertFalse(violations, "\n" + "\n".join(violations))

    def test_each_room_includes_only_what_its_floor_allows(self):
        sources = list(files("src", endings=(".cc", ".h")))
        self.assertGreater(len(sources), 20, "the sources were not found")
        self.assert_none([line for path, text in sources for line in rules.include_violations(path, text)])

    def test_each_build_file_links_only_what_its_room_may_use(self):
        builds = list(files("src", endings=("CMakeLists.txt",)))
        self.assertGreater(len(builds), 10, "the build files were not found")
        self.assert_none([line for path, text in builds for line in rules.build_violations(path, text)])

    def test_files_are_short_and_kept_in_the_house_style(self):
        folders = ("src", "tests", "bench", "recipes", "packaging", "cmake")
        self.assert_none([line for path, text in files(*folders, endings=CODE) for line in rules.style_violations(path, text)])

    def test_all_packages_are_listed_once_per_group_and_with_a_reason(self):
        with open(os.path.join(ROOT, "packaging", "packages.txt"), encoding="utf-8") as file:
            lines = [line.strip() for line in file if line.strip() and not line.startswith("#")]
        seen, group = set(), None
        for line in lines:
            if line.startswith("["):
                group = line
                continue
            package, mark, reason = line.partition("#")
            self.assertTrue(mark and reason.strip(), f"{package} has no reason")
            self.assertNotIn((group, package.strip()), seen)
            seen.add((group, package.strip()))

    def test_the_package_script_names_what_is_missing_and_refuses_unknown_groups(self):
        script = os.path.join(ROOT, "packaging", "deps.sh")
        listed = subprocess.run([script, "--list", "recipe"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
        self.assertIn("python3-torch", listed)
        refused = subprocess.run([script, "nonsense"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertIn("no group 'nonsense'", refused.stderr)


class TheRules(unittest.TestCase):
    """Each rule catches what it is for, and lets pass what is right."""

    def caught(self, path, text, expected):
        found = rules.include_violations(path, text)
        self.assertEqual(len(found), 1, f"{path} with {text!r} gave {found}")
        self.assertIn(expected, found[0])

    def passes(self, path, text):
        self.assertEqual(rules.include_violations(path, text), [])

    def test_a_floor_may_not_use_the_one_above(self):
        self.caught("src/core/planner/plan.cc", '#include "edge/io/files.h"\n', "core/planner uses edge/io")
        self.caught("src/base/time.cc", '#include "core/model/job.h"\n', "base uses core/model")
        self.caught("src/edge/store/store.h", '#pragma once\n\n  #  include "engine/broker/broker.h"\n', "store.h:3: edge/store uses")

    def test_a_room_may_not_use_a_neighbour_that_the_table_does_not_give_it(self):
        self.caught("src/core/catalog/x.cc", '#include "core/planner/plan.h"\n', "core/catalog uses core/planner")
        self.caught("src/edge/store/x.cc", '#include "edge/io/files.h"\n', "edge/store uses edge/io")
        self.caught("src/app/server/x.cc", '#include "app/cli/table.h"\n', "app/server uses app/cli")

    def test_what_a_used_room_may_use_may_be_used_too(self):
        self.passes("src/core/scheduler/x.cc", '#include "core/catalog/offers.h"\n#include "base/time.h"\n')
        self.passes("src/app/cli/x.cc", '#include "core/billing/charge.h"\n')
        self.passes("src/app/main/x.cc", '#include "edge/drivers/registry.h"\n#include "app/cli/run.h"\n')

    def test_a_test_may_use_its_floor_and_those_below_and_no_more(self):
        self.passes("src/edge/checkpoint/x_test.cc", '#include <gtest/gtest.h>\n#include "edge/io/testing/fake_files.h"\n')
        self.passes("src/core/planner/x_test.cc", '#include "core/task/parse.h"\n#include <fstream>\n')
        self.caught("src/edge/checkpoint/x_fuzz.cc", '#include "app/agent/agent.h"\n', "floor above")
        self.caught("src/core/model/testing/builders.h", '#include "edge/io/files.h"\n', "floor above")

    def test_what_is_made_for_tests_stays_in_tests(self):
        self.caught("src/edge/io/x.cc", '#include <gtest/gtest.h>\n', "is for tests")
        self.caught("src/edge/checkpoint/x.cc", '#include "edge/objectstore/testing/faulty.h"\n', "made for tests")

    def test_the_core_neither_acts_nor_asks_for_the_time(self):
        for header in ("thread", "mutex", "fstream", "unistd.h", "sys/stat.h"):
            self.caught("src/core/policy/x.cc", f"#include <{header}>\n", f"<{header}>")
        for call in ("auto t = std::chrono::system_clock::now();", "t = std::chrono::steady_clock::now();", 'std::getenv ("A");',
                     "std::random_device d;", "std::cout << 1;", "std::filesystem::exists(p);", "namespace fs = std::filesystem;"):
            self.caught("src/core/policy/x.cc", f"\n{call}\n", "x.cc:2:")
        self.passes("src/core/policy/x.cc", '// never system_clock::now\n/* getenv(\n rand( */ auto s = "std::cout steady_clock::now";\n')
        self.passes("src/core/policy/x.cc", "#include <filesystem>\nstd::filesystem::path p;\n")
        self.passes("src/edge/io/clock.cc", "#include <thread>\nauto t = std::chrono::system_clock::now();\n")

    def test_libraries_stay_in_their_rooms(self):
        self.caught("src/core/planner/x.cc", "#include <boost/json.hpp>\n", "belongs to core/model")
        self.caught("src/core/model/x.cc", "#include <boost/beast/http.hpp>\n", "<boost/beast/http.hpp>")
        self.caught("src/engine/broker/x.cc", "#include <sqlite3.h>\n", "belongs to edge/store")
        self.caught("src/core/task/x.cc", "#include <CLI/CLI.hpp>\n", "belongs to app/cli")
        self.caught("src/app/cli/x.h", "#include <CLI/CLI.hpp>\n", "into one .cc")
        self.passes("src/core/model/x.cc", "#include <boost/json.hpp>\n#include <fmt/format.h>\n#include <vector>\n")
        self.passes("src/core/task/x.cc", "#include <yaml-cpp/parser.h>\n")

    def test_a_path_must_be_rooted_and_its_room_known(self):
        self.caught("src/core/model/x.cc", '#include "job.h"\n', "names no room")
        self.caught("src/core/stray/x.cc", "\n", "is in no room")

    def test_a_build_file_may_link_only_what_its_room_may_use(self):
        def found(text):
            return rules.build_violations("src/edge/store/CMakeLists.txt", text)
        self.assertEqual(found("tw_room(edge_store USES core_model LIBRARIES SQLite::SQLite3)\n"), [])
        self.assertEqual(found("tw_room(edge_drivers_local USES edge_provider edge_io TEST_USES edge_mailbox)\n"), [])
        self.assertIn("edge_store USES engine_broker", found("\ntw_room(edge_store\n  USES core_model engine_broker)\n")[0])
        self.assertIn("CMakeLists.txt:2:", found("\ntw_room(edge_store\n  USES core_model engine_broker)\n")[0])
        self.assertEqual(len(found("tw_room(edge_store LIBRARIES SQLite::SQLite3 zstd USES edge_io)\n")), 1)
        self.assertEqual(len(found("tw_room(edge_io TEST_USES app_cli)\n")), 1)
        self.assertEqual(len(found("tw_room(edge_stray USES base)\n")), 1)

    def test_style_is_checked(self):
        def found(path, text):
            return rules.style_violations(path, text)
        self.assertEqual(found("src/base/x.h", "#pragma once\n// using namespace std\n" + "\n" * 598), [])
        self.assertIn("more than 600", found("src/base/x.cc", "\n" * 601)[0])
        self.assertIn("x.cc:2: has a tab", found("src/base/x.cc", "\n\tint x;\n")[0])
        self.assertIn("no #pragma once", found("src/base/x.h", "int x;\n")[0])
        self.assertIn("x.h:2: using namespace", found("src/base/x.h", "#pragma once\nusing namespace std;\n")[0])

    def test_the_table_names_floors_in_order_and_has_no_circle(self):
        for room, uses in rules.MAY_USE.items():
            height = rules.FLOORS.index(room.split("/")[0])
            for used in uses:
                self.assertLessEqual(rules.FLOORS.index(used.split("/")[0]), height, f"{room} uses {used}")
            if room != "app/main":
                for used in rules.allowed(room) - {room}:
                    self.assertNotIn(room, rules.allowed(used), f"{room} and {used} use each other")


if __name__ == "__main__":
    unittest.main()
