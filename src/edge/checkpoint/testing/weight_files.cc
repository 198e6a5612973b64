#include "edge/checkpoint/testing/weight_files.h"

#include <cstdint>

namespace tradewind::checkpoint::weight_files {
namespace {

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int k = 0; k < bytes; ++k) out += static_cast<char>(value >> (8 * k));
  return out;
}

std::string local_header(const std::string& name, std::size_t size, std::size_t at) {
  const std::size_t head = 30 + name.size() + 4;
  const std::size_t padding = (64 - (at + head) % 64) % 64;
  return "PK\x03\x04" + number(0, 14) + number(size, 4) + number(size, 4) + number(name.size(), 2) +
         number(4 + padding, 2) + name + "FB" + number(padding, 2) + std::string(padding, 'Z');
}

std::string central_header(const std::string& name, std::size_t size, std::size_t at, bool zip64) {
  const std::string wide =
      zip64 ? number(1, 2) + number(24, 2) + number(size, 8) + number(size, 8) + number(at, 8) : "";
  const auto narrow = [&](std::uint64_t value) { return number(zip64 ? 0xffffffffU : value, 4); };
  return "PK\x01\x02" + number(0, 16) + narrow(size) + narrow(size) + number(name.size(), 2) +
         number(wide.size(), 2) + number(0, 10) + narrow(at) + name + wide;
}

std::string ends(std::size_t count, std::size_t directory_bytes, std::size_t at) {
  return "PK\x06\x06" + number(44, 8) + number(0, 12) + number(count, 8) + number(count, 8) +
         number(directory_bytes, 8) + number(at, 8) + "PK\x06\x07" + number(0, 4) +
         number(at + directory_bytes, 8) + number(1, 4);
}

}  // namespace

std::string safetensors(const std::vector<Tensor>& tensors, const std::string& note) {
  std::string header = R"({"__metadata__":{"note":")" + note + "\"}";
  std::string data;
  for (const Tensor& tensor : tensors) {
    header += ",\"" + tensor.name + R"(":{"dtype":"F32","shape":[)" +
              std::to_string(tensor.bytes.size() / 4) + R"(],"data_offsets":[)" +
              std::to_string(data.size()) + ",";
    data += tensor.bytes;
    header += std::to_string(data.size()) + "]}";
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return with_header(header, data);
}

std::string with_header(const std::string& header, const std::string& data) {
  return number(header.size(), 8) + header + data;
}

std::string torch_archive(const std::vector<Tensor>& tensors, bool zip64) {
  std::string file;
  std::string directory;
  for (const Tensor& tensor : tensors) {
    const std::string name = "archive/data/" + tensor.name;
    directory += central_header(name, tensor.bytes.size(), file.size(), zip64);
    file += local_header(name, tensor.bytes.size(), file.size()) + tensor.bytes;
  }
  const std::size_t at = file.size();
  file += directory;
  if (zip64) file += ends(tensors.size(), directory.size(), at);
  return file + "PK\x05\x06" + number(0, 4) + number(tensors.size(), 2) + number(tensors.size(), 2) +
         number(directory.size(), 4) + number(zip64 ? 0xffffffffU : at, 4) + number(0, 2);
}

}  // namespace tradewind::checkpoint::weight_files
