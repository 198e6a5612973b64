// A supplier's program for tests: a shell script with functions that answer.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "edge/io/files.h"

namespace tradewind::exec {

// Reads each line into $line, its id into $id and its method into $method; `answers` are the arms of a case
// over $method, and capabilities are answered before them, with `parallel`.
inline std::string scripted(const std::string& answers, int parallel = 1) {
  return R"sh(#!/bin/sh
answer() { printf '{"id":%s,"result":%s}\n' "$id" "$1"; }
refuse() { printf '{"id":%s,"error":{"code":"%s","message":"%s"}}\n' "$id" "$1" "$2"; }
printf 'started\n' >>"$TRADEWIND_SUPPLIER_STATE/starts"
while read -r line; do
  id=${line#*:} id=${id%%,*}
  method=${line#*method\":\"} method=${method%%\"*}
  case $method in
)sh" + answers +
         R"sh(
  capabilities) answer '{"protocol":1,"regions":["eu"],"spot":true,"far":false,"parallel":)sh" +
         std::to_string(parallel) + R"sh(}' ;;
  *) refuse invalid_argument "no $method here" ;;
  esac
done
)sh";
}

// A script in a folder of its own, and what was logged.
class ScriptFolder {
 public:
  explicit ScriptFolder(const std::string& script) : dir_(io::TempDir::make("tw-exec-").value()) {
    EXPECT_TRUE(io::write_file_atomic(program(), script, {0755, false}).ok());
    EXPECT_TRUE(io::make_folders(state(), 0700).ok());
  }
  io::Path program() const { return dir_.path() / "supplier"; }
  io::Path state() const { return dir_.path() / "state"; }
  io::Path path() const { return dir_.path(); }
  std::string note(const std::string& name) const {
    return io::read_file(state() / name).value_or(std::string());
  }
  int starts() const { return static_cast<int>(note("starts").size() / std::string("started\n").size()); }
  std::function<void(const std::string&)> log() {
    return [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      lines_ += line + "\n";
    };
  }
  std::string logged() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  io::TempDir dir_;
  mutable std::mutex mutex_;
  std::string lines_;
};

}  // namespace tradewind::exec
