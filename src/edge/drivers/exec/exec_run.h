// One life of a supplier's program: started, asked line by line, ended with all that it keeps in its session.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "edge/drivers/exec/exec_answer.h"
#include "edge/drivers/exec/hidden_words.h"
#include "edge/drivers/exec/said_lines.h"
#include "edge/io/process.h"

namespace tradewind::exec {

struct RunOptions {
  std::string name;                  // of the supplier, for errors
  std::vector<std::string> command;  // argv
  std::map<std::string, std::string> environment;
  std::string folder;                                                // its working folder
  std::function<void(const std::string&)> log = [](const auto&) {};  // gets what it says on stderr
};
// "the program of the supplier voltpark (/opt/volt/supplier)"
std::string program_text(const RunOptions& options);

class Run {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  // The errors of io::spawn, with whose program it is.
  static Result<std::unique_ptr<Run>> start(const RunOptions& options);
  // Closes its stdin, and ends what has not ended soon after.
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // One question and its answer: the result, or the program's own error. unavailable: nothing came by then,
  // or nonsense, or the program ended; what it did meanwhile is not known. Safe from several threads: no more
  // are out at once than allow() says, the others wait.
  Result<json::value> ask(std::string_view method, json::object params, Deadline deadline);
  void allow(int parallel);
  // What it says from now on is cleared of these.
  void hide(const std::map<std::string, std::string>& secrets) { hidden_.add(secrets); }
  Error cleared(const Error& error) const;

  bool is_over() const;
  // REQUIRES: is_over(). "… ended: exit code 3, and said at last: no route to host".
  Error why_over() const;
  Duration lived() const;

 private:
  struct Streams {
    io::UniqueFd in;
    io::UniqueFd out;
    io::UniqueFd err;
  };
  Run(const RunOptions& options, io::Child child, Streams streams, io::Pipe wake);
  Error unavailable(const std::string& what, const std::string& hint = "") const;
  // --- the reading thread ---
  void lead();
  void read_streams();
  void take_words();
  bool take_output();
  bool take_line(std::string_view line);
  void finish();
  void end_session(Duration patience);
  // --- callers ---
  Result<std::int64_t> take_turn(std::string_view method, Deadline deadline);
  Status send(const std::string& line, std::string_view method, Deadline deadline);
  Error not_sent(std::int64_t id, const Error& why);
  Result<Answer> await(std::int64_t id, std::string_view method, Deadline deadline);
  // Nothing more is asked, and the program is ended. The first reason stays.
  void break_off(const Error& why);
  std::string methods_out() const;  // REQUIRES: mutex_ is held

  const RunOptions options_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  HiddenWords hidden_;
  io::Pipe wake_;
  std::mutex sending_;  // one line at a time; guards streams_.in
  // Of the reading thread alone, after the start:
  io::Child child_;
  Streams streams_;
  std::string output_;  // a line that has begun
  SaidLines said_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Protected by mutex_:
  int parallel_ = 1;
  std::int64_t next_id_ = 1;
  std::map<std::int64_t, std::string> waiting_;  // what was asked, by its id
  std::set<std::int64_t> given_up_;              // their answers may still come, and mean nothing
  std::map<std::int64_t, Answer> answers_;
  Deadline heard_at_ = begun_;
  bool stopping_ = false;
  std::optional<Error> broken_;
  bool over_ = false;
  Deadline over_at_ = begun_;

  std::thread reader_;
};

}  // namespace tradewind::exec
