// A wish that a blocking call end now, told by another thread.
#pragma once

#include "edge/io/unique_fd.h"

namespace tradewind::io {

// Safe from several threads at once.
class Cancellation {
 public:
  Cancellation();
  // Waits on it end from now on, those under way too, until it is taken back.
  void ask();
  void take_back();
  bool asked() const;
  int fd() const { return wish_.get(); }  // readable while it is asked for; -1: no descriptor was to be had

 private:
  UniqueFd wish_;  // an eventfd
};

}  // namespace tradewind::io
