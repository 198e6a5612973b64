#include "edge/objectstore/azblob_blocks.h"

#include <algorithm>

#include "edge/io/hash.h"
#include "edge/objectstore/parallel_parts.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t blocks_max = 50'000;
constexpr int uploads_max = 3;

// All names of blocks of one blob must be equally long, also those that other writers send: a random mark,
// which no other writer has, and the block's number in eight digits.
std::vector<std::string> block_names(std::size_t count) {
  const std::string mark = cloud::random_mark();
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    std::string name = mark;
    name.append(8 - number.size(), '0').append(number);
    names.push_back(io::base64(name));
  }
  return names;
}

Result<AzblobAnswer> upload(AzblobClient& client, const std::string& key, std::string_view bytes,
                            const std::vector<io::HttpHeader>& headers) {
  const std::size_t block_bytes = std::max(client.tuning().part_bytes, bytes.size() / (blocks_max - 1) + 1);
  const std::vector<std::string> names = block_names((bytes.size() + block_bytes - 1) / block_bytes);
  const Status sent =
      send_parts(names.size(), client.tuning().parts_at_once, [&](std::size_t index) -> Status {
        AzblobCall call{azblob_write, "PUT", key, {{"comp", "block"}, {"blockid", names[index]}}};
        call.body = bytes.substr(index * block_bytes, block_bytes);
        call.headers.push_back({"Content-MD5", io::base64(io::md5(call.body))});
        TW_ASSIGN_OR_RETURN(const AzblobAnswer answer, client.call(call));
        return answer.done() ? Status() : Status(client.error_of(call, answer));
      });
  if (!sent.ok()) return sent.error();
  const std::string list = azblob_block_list(names);
  AzblobCall commit{azblob_write, "PUT", key, {{"comp", "blocklist"}}, headers, list};
  commit.headers.push_back({"Content-MD5", io::base64(io::md5(list))});
  commit.headers.push_back({"x-ms-blob-content-md5", io::base64(io::md5(bytes))});
  commit.headers.push_back({"x-ms-blob-content-type", "application/octet-stream"});
  return client.call(commit);
}

}  // namespace

Result<AzblobAnswer> put_in_blocks(AzblobClient& client, const std::string& key, std::string_view bytes,
                                   const std::vector<io::HttpHeader>& headers) {
  bool unknown = false;  // of any list so far
  for (int uploads = 1;; ++uploads) {
    TW_ASSIGN_OR_RETURN(AzblobAnswer answer, upload(client, key, bytes, headers));
    unknown = unknown || answer.earlier_unknown;
    answer.earlier_unknown = unknown;
    if (answer.problem.code != "InvalidBlockList" || uploads == uploads_max) return answer;
  }
}

}  // namespace tradewind::objectstore
