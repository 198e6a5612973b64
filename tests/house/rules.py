"""The rules of the house: which room may use which, which headers, and how a file is kept.

Every rule works on (path, text) pairs, path relative to the repository, so that it can be tried on planted files. A
violation is one line of text: `path:line: what is wrong, and what is allowed`.
"""

import re

FLOORS = ("base", "core", "edge", "engine", "app")

# Room → rooms that it may use, besides base and what those rooms may use themselves. "core/" is all of a floor. A change
# here needs a page in docs/decisions/.
MAY_USE = {
    "base": (),
    "core/model": ("base",),
    "core/task": ("core/model",),
    "core/catalog": ("core/model",),
    "core/planner": ("core/catalog",),
    "core/policy": ("core/model",),
    "core/traces": ("core/model",),
    "core/backtest": ("core/policy", "core/traces"),  # backtest-room.md
    "core/lifecycle": ("core/model",),
    "core/scheduler": ("core/planner", "core/policy", "core/lifecycle", "core/billing"),  # budget-in-the-loop.md
    "core/billing": ("core/model",),
    "core/exposure": ("core/billing", "core/catalog"),
    "edge/io": ("base",),
    "edge/cloud": ("edge/io", "core/model"),  # cloud-room.md
    "edge/provider": ("core/model",),
    "edge/drivers": ("edge/provider", "edge/io", "edge/objectstore", "edge/cloud", "core/task"),  # zones-file-is-yaml.md
    "edge/objectstore": ("edge/cloud", "edge/io", "core/model"),  # s3-store.md, cloud-room.md
    "edge/sealing": ("edge/objectstore", "edge/io", "core/model"),  # sealed-stores.md
    "edge/checkpoint": ("edge/objectstore", "core/model", "edge/mailbox"),  # ledger-within-reach.md
    "edge/data": ("edge/checkpoint", "edge/io"),  # data-in-and-out.md
    "edge/datamount": ("edge/data", "edge/io"),  # data-in-and-out.md
    "edge/mailbox": ("edge/objectstore", "core/model"),
    "edge/store": ("core/model",),
    "engine/broker": ("core/", "edge/provider", "edge/mailbox", "edge/store", "edge/checkpoint"),  # ledger-within-reach.md
    "engine/simulator": ("engine/broker", "edge/drivers"),  # backend-models.md
    "engine/storesim": ("edge/checkpoint",),  # store-simulation.md
    "app/api": ("core/model",),
    "app/server": ("app/api", "engine/broker"),
    "app/gateway": ("app/api", "core/policy", "edge/io"),
    "app/agent": ("app/api", "edge/checkpoint", "edge/data", "edge/datamount", "edge/mailbox", "edge/io"),
    "app/cli": ("app/api", "core/planner", "core/backtest", "engine/simulator", "edge/sealing", "edge/data"),
    "app/main": ("base", "core/", "edge/", "engine/", "app/"),
}

# Third-party header (by prefix) → where it may be included. What is not named here may be used on edge, engine and app.
THIRD_PARTY = {
    "boost/json": ("core/model",),
    "boost/beast": ("edge/io", "app/server", "app/gateway"),
    "boost/asio": ("edge/io", "app/server", "app/gateway"),
    "yaml-cpp": ("core/task",),
    "sqlite3.h": ("edge/store",),
    "CLI": ("app/cli", "app/main"),
    "spdlog": ("app/main",),
    "fmt": ("core/", "edge/", "engine/", "app/"),
    "zstd": ("edge/", "app/"),
    "openssl": ("edge/", "app/"),
    "xxhash": ("edge/", "app/"),
    "fuse3": ("edge/datamount",),
    "pugixml": ("edge/cloud", "edge/drivers", "edge/objectstore"),
}
TEST_LIBRARIES = ("gtest", "gmock", "rapidcheck")

# The standard library without what acts: core and base decide, and leave threads, files and terminals to the edge. Of
# <filesystem>, the core may have paths, which are values; nothing that looks at a disk.
NOT_IN_CORE = {"atomic", "barrier", "condition_variable", "fstream", "future", "iostream", "latch", "mutex",
               "semaphore", "shared_mutex", "stop_token", "thread"}
_CALLS_NOT_IN_CORE = re.compile(r"(system_clock|steady_clock|high_resolution_clock)::now|\b(getenv|sleep_for|sleep_until|"
                                r"random_device|rand|srand|printf|puts)\s*\(|\bstd::(random_device|cout|cerr|clog)\b|"
                                r"\bfilesystem\b(?!::path\b)(::\w+)?")

LINES_MAX = 600

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
_COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_ROOM_CALL = re.compile(r"\btw_room\(\s*(\w+)([^)]*)\)")


def room_of(path):
    """The room of a file or an include, without src/: "core/model/job.h" → "core/model"; None outside the rooms."""
    parts = path.split("/")
    if parts[0] == "base":
        return "base"
    room = "/".join(parts[:2])
    return room if len(parts) > 2 and parts[0] in FLOORS else None


def allowed(room, table=None):
    """All rooms that a room may use, itself included."""
    table = MAY_USE if table is None else table
    found, waiting = set(), [room, "base"]
    while waiting:
        name = waiting.pop()
        if name.endswith("/"):
            waiting += [other for other in table if other.startswith(name)]
        elif name not in found:
            found.add(name)
            waiting += table[name]
    return found


def _same_floor_or_below(room):
    height = FLOORS.index(room.split("/")[0])
    return {other for other in MAY_USE if FLOORS.index(other.split("/")[0]) <= height}


def is_test(path):
    return path.endswith(("_test.cc", "_fuzz.cc")) or "/testing/" in path


def _blank(text):
    """The text with comments and string literals emptied, its lines where they were; #include lines stay."""
    def empty(match):
        return "\n" * match.group().count("\n")
    return "\n".join(line if _INCLUDE.match(line) else stripped
                     for line, stripped in zip(text.split("\n"), _COMMENT_OR_STRING.sub(empty, text).split("\n")))


def _within(room, places):
    return any(room == place or (place.endswith("/") and room.startswith(place)) for place in places)


def _own_include(path, room, target):
    used = room_of(target)
    if used is None or used not in MAY_USE:
        return f'"{target}" names no room; includes start at src/, as in "core/model/job.h"'
    if is_test(path):
        if used not in _same_floor_or_below(room) | allowed(room):
            return f"a test of {room} uses {used}, which stands on a floor above it"
    elif used not in allowed(room):
        return f"{room} uses {used}; it may use {', '.join(sorted(allowed(room) - {room}))}"
    elif "/testing/" in target:
        return f"{target} is made for tests, and this is no test"
    return None


def _library_include(path, room, header):
    first = header.split("/")[0]
    for prefix, places in THIRD_PARTY.items():
        if header == prefix or header.startswith((prefix + "/", prefix + ".")):
            if not _within(room, places):
                return f"<{header}> belongs to {', '.join(places)}, not to {room}"
            if prefix in ("CLI", "spdlog") and path.endswith(".h"):
                return f"<{header}> takes seconds to compile and belongs into one .cc, not into a header"
            return None
    if first in TEST_LIBRARIES:
        return None if is_test(path) else f"<{header}> is for tests, and this is no test"
    if room.split("/")[0] in ("base", "core") and not is_test(path):
        if header in NOT_IN_CORE:
            return f"<{header}> acts, and {room} only decides: threads, files and terminals live on the edge"
        if "/" in header or "." in header:
            return f"<{header}> is not of the C++ standard library, which is all that {room} may use besides its own libraries"
    return None


def include_violations(path, text):
    """Checks the #include lines and, in core, the calls of one C++ file; path as in src/core/model/job.h."""
    inside = path.removeprefix("src/")
    room = room_of(inside)
    if room is None or room not in MAY_USE:
        return [f"{path}:1: is in no room of the house; rooms are {', '.join(sorted(MAY_USE))}"]
    found = []
    for number, line in enumerate(_blank(text).split("\n"), 1):
        include = _INCLUDE.match(line)
        problem = None
        if include:
            check = _own_include if include.group(1) == '"' else _library_include
            problem = check(inside, room, include.group(2))
        elif room.startswith("core/") and not is_test(inside):
            call = _CALLS_NOT_IN_CORE.search(line)
            if call:
                problem = f"{call.group().strip(' (')} acts, and {room} only decides: time and chance come in as values"
        if problem:
            found.append(f"{path}:{number}: {problem}")
    return found


def build_violations(path, text):
    """Checks that a room's CMakeLists.txt names under USES only what the table allows."""
    found = []
    text = re.sub(r"#[^\n]*", "", text)
    for call in _ROOM_CALL.finditer(text):
        room = _room_of_library(call.group(1))
        line = text[:call.start()].count("\n") + 1
        if room is None:
            found.append(f"{path}:{line}: tw_room({call.group(1)}) is no room of the house")
            continue
        for keyword, names in re.findall(r"\b(USES|TEST_USES|LIBRARIES)\b([^A-Z]*(?:[A-Z]\w*::\w+[^A-Z]*)*)", call.group(2)):
            permitted = {"USES": allowed(room), "TEST_USES": _same_floor_or_below(room) | allowed(room)}.get(keyword)
            for name in names.split() if permitted is not None else ():
                used = _room_of_library(name)
                if used not in permitted:
                    found.append(f"{path}:{line}: {call.group(1)} {keyword} {name}; {room} may use "
                                 f"{', '.join(sorted(permitted - {room}))}")
    return found


def _room_of_library(name):
    """"core_model" → "core/model"; a supplier's own library, "edge_drivers_local", and a room's helpers belong to the room."""
    name = name.removesuffix("_testing")
    return next((room for room in MAY_USE if name == room.replace("/", "_") or
                 (room == "edge/drivers" and name.startswith("edge_drivers_"))), None)


def style_violations(path, text):
    """Checks what formatters do not: the length of a file, tabs, and what a header must not do."""
    lines = text.split("\n")
    found = []
    if len(lines) - 1 > LINES_MAX:
        found.append(f"{path}:{len(lines) - 1}: the file has more than {LINES_MAX} lines; give each of its ideas a file")
    found += [f"{path}:{number}: has a tab" for number, line in enumerate(lines, 1) if "\t" in line]
    if path.endswith(".h"):
        if not any(line.strip() == "#pragma once" for line in lines):
            found.append(f"{path}:1: has no #pragma once")
        found += [f"{path}:{number}: using namespace in a header reaches into every file that includes it"
                  for number, line in enumerate(_blank(text).split("\n"), 1) if re.match(r"\s*using\s+namespace\b", line)]
    return found
