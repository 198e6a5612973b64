// Files of weights as the libraries write them, small enough for tests.
#pragma once

#include <string>
#include <vector>

namespace tradewind::checkpoint::weight_files {

struct Tensor {
  std::string name;
  std::string bytes;
};
// `note` goes into the header's metadata: its length moves the data.
std::string safetensors(const std::vector<Tensor>& tensors, const std::string& note);
// A file of that format with any header.
std::string with_header(const std::string& header, const std::string& data);
// As torch.save writes it: stored members whose data is aligned to 64 bytes by a field of the local header
// alone.
std::string torch_archive(const std::vector<Tensor>& tensors, bool zip64);

}  // namespace tradewind::checkpoint::weight_files
