#include "edge/checkpoint/testing/job_world.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>

#include "base/random.h"
#include "edge/objectstore/memory_store.h"

namespace tradewind::checkpoint {

namespace fs = std::filesystem;
using objectstore::ObjectStore;
using objectstore::PutCondition;

namespace {

void replace(ObjectStore& store, const std::string& key, const std::string& bytes) {
  ASSERT_TRUE(store.put(key, bytes, PutCondition::always).ok());
}

std::string bytes_of(ObjectStore& store, const std::string& key) {
  const Result<std::string> bytes = store.get(key);
  EXPECT_TRUE(bytes.ok()) << key;
  return bytes.value_or("");
}

}  // namespace

JobWorld::JobWorld()
    : clock(Time(std::chrono::hours(500000))),
      home(objectstore::make_memory_store(&clock)),
      local(objectstore::make_memory_store(&clock)),
      standby(objectstore::make_memory_store(&clock)) {
  fs::create_directory(state());
}

void JobWorld::write(const std::string& path, std::string_view bytes) const {
  fs::create_directories((state() / path).parent_path());
  objectstore::write_file(state() / path, bytes);
}

ChunkPlace JobWorld::place() const {
  return {home.get(), nullptr, {}, "tradewind/o/jobs/j-1/"};
}

Result<Saved> JobWorld::save_as(const ChunkPlace& place, double step, const Metrics& metrics) {
  SaveRequest request{state(), JobId("j-1"), 1, LeaseId("l-1"), step, parent_, clock.now()};
  request.metrics = metrics;
  return save(request, place);
}

Saved JobWorld::commit(const ChunkPlace& place, double step, const Metrics& metrics) {
  if (!writer_) {
    writer_.emplace(*home, place.job_prefix, LeaseId("l-1"));
    EXPECT_TRUE(writer_->claim(clock.now(), 7).ok());
  }
  Result<Saved> saved = save_as(place, step, metrics);
  if (!saved.ok()) {
    ADD_FAILURE() << describe(saved.error());
    return {};
  }
  EXPECT_TRUE(writer_->append_checkpoint(clock.now(), saved->id, saved->manifest.root_digest, step).ok());
  parent_ = saved->id;
  return *std::move(saved);
}

void JobWorld::flip(ObjectStore& store, const std::string& key) const {
  std::string bytes = bytes_of(store, key);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x10);
  replace(store, key, bytes);
}

void JobWorld::truncate(ObjectStore& store, const std::string& key) const {
  const std::string bytes = bytes_of(store, key);
  replace(store, key, bytes.substr(0, bytes.size() / 2));
}

std::string noise(std::size_t size, std::uint64_t seed) {
  Random random(seed);
  std::string bytes;
  while (bytes.size() < size) {
    const std::uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

std::string listing(const fs::path& folder) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    struct stat facts {};
    ::lstat(entry.path().c_str(), &facts);
    std::ostringstream line;
    line << fs::relative(entry.path(), folder).string() << ' ' << std::oct << facts.st_mode << std::dec << ' '
         << facts.st_mtim.tv_sec << '.' << facts.st_mtim.tv_nsec << ' ';
    if (entry.is_symlink()) line << "-> " << fs::read_symlink(entry.path()).string();
    if (!entry.is_symlink() && entry.is_regular_file()) {
      line << sha256_hex(objectstore::read_file(entry.path()));
    }
    lines.push_back(line.str());
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

std::size_t objects_in(ObjectStore& store, const std::string& prefix) {
  const auto page = store.list(prefix, "");
  EXPECT_TRUE(page.ok());
  return page.ok() ? page->objects.size() : 0;
}

std::string first_key(ObjectStore& store, const std::string& prefix) {
  const auto page = store.list(prefix, "");
  if (page.ok() && !page->objects.empty()) return page->objects[0].key;
  ADD_FAILURE() << "nothing under " << prefix;
  return "none";
}

}  // namespace tradewind::checkpoint
