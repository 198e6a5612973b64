// How long a store over a network is waited for, and how large things are sent to it.
#pragma once

#include <cstddef>

#include "edge/cloud/retry.h"
#include "edge/io/http_pool.h"

namespace tradewind::objectstore {

struct StoreTuning : cloud::RetryTuning {
  std::size_t multipart_from = std::size_t{16} << 20;
  std::size_t part_bytes = std::size_t{8} << 20;  // at least 5 MiB at Amazon
  unsigned parts_at_once = 4;
};

inline io::HttpPoolOptions pool_options(const StoreTuning& tuning) {
  io::HttpPoolOptions options;
  options.client.reply_patience = tuning.reply_patience;
  options.client.body_bytes_max = std::size_t{5} << 30;  // of one PUT, and so of one object of ours
  return options;
}

}  // namespace tradewind::objectstore
