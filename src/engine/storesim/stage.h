// Actors on threads of their own, of which one runs at a time: real library calls, interleaved as a seed
// says.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

namespace tradewind::storesim {

class Stage {
 public:
  explicit Stage(std::size_t threads);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  using Script = std::function<void()>;
  // Which of `able`, indices of scripts that have not ended, goes on. Never empty.
  using Choose = std::function<std::size_t(const std::vector<std::size_t>& able)>;
  // Runs all scripts to their ends; returns then. REQUIRES: no more scripts than threads; scripts do not
  // throw.
  void play(std::vector<Script> scripts, Choose choose);
  // Called from within a script: others may go on, and this one again once it is chosen.
  void pause();

 private:
  struct Seat {
    std::binary_semaphore go{0};
    std::jthread thread;
  };

  void sit(std::size_t index);
  void pass_on();

  // What follows belongs to whoever runs: the semaphores order it.
  std::vector<std::unique_ptr<Seat>> seats_;
  std::vector<Script> scripts_;
  std::vector<std::size_t> able_;
  Choose choose_;
  std::size_t running_ = 0;
  bool closing_ = false;
  std::binary_semaphore all_ended_{0};
};

}  // namespace tradewind::storesim
