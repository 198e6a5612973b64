// A folder under /tmp that a test has for itself.
#pragma once

#include <filesystem>
#include <string>

namespace tradewind::objectstore {

class TemporaryFolder {
 public:
  TemporaryFolder();  // aborts when none can be made
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

void write_file(const std::filesystem::path& path, std::string_view bytes);
std::string read_file(const std::filesystem::path& path);

}  // namespace tradewind::objectstore
