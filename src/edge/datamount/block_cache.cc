#include "edge/datamount/block_cache.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/data/cache.h"
#include "edge/io/files.h"
#include "edge/io/hash.h"
#include "edge/objectstore/posix_file.h"

namespace tradewind::datamount {
namespace {

namespace fs = std::filesystem;
using data::block_bytes;
using data::SourceObject;

constexpr std::uint64_t proof_bytes = 32;
constexpr std::size_t wishes_max = 64;

std::uint64_t size_of_block(const SourceObject& object, std::uint64_t number) {
  const std::uint64_t begin = number * block_bytes;
  return begin >= object.size_bytes ? 0 : std::min(block_bytes, object.size_bytes - begin);
}

bool may_pass(const Error& error) {
  return error.code == Code::unavailable || error.code == Code::rate_limited;
}

bool is_proved(int file, std::uint64_t size) {
  std::string bytes;
  if (objectstore::read_at(file, 0, size + proof_bytes, bytes) != 0 || bytes.size() != size + proof_bytes)
    return false;
  return io::sha256(std::string_view(bytes).substr(0, size)) == std::string_view(bytes).substr(size);
}

}  // namespace

BlockCache::BlockCache(const data::Source& source, BlockSettings settings)
    : source_(source), settings_(std::move(settings)) {
  find_held();
  for (unsigned i = 0; i < settings_.readers_ahead; ++i) threads_.emplace_back([this] { work_ahead(); });
}

BlockCache::~BlockCache() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wishes_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

fs::path BlockCache::file_of(const Key& key) const {
  return settings_.folder / key.first.substr(0, 2) / (key.first + "." + std::to_string(key.second));
}

// What earlier jobs left, in the order of its use.
void BlockCache::find_held() {
  struct Found {
    fs::file_time_type used;
    Key key;
    std::uint64_t size;
  };
  std::vector<Found> found;
  std::error_code failed;
  for (fs::recursive_directory_iterator walk(settings_.folder, failed), end; !failed && walk != end;
       walk.increment(failed)) {
    const std::string number = walk->path().extension().string();
    const bool is_block = number.size() > 1 && number.size() < 12 &&
                          number.find_first_not_of("0123456789", 1) == std::string::npos;
    std::error_code gone;
    const std::uint64_t size = is_block ? fs::file_size(walk->path(), gone) : 0;
    if (!is_block || gone || size < proof_bytes) continue;
    found.push_back({fs::last_write_time(walk->path(), gone),
                     {walk->path().stem().string(), std::stoull(number.substr(1))},
                     size - proof_bytes});
  }
  std::sort(found.begin(), found.end(),
            [](const Found& left, const Found& right) { return left.used < right.used; });
  for (const Found& each : found) hold(each.key, each.size, false);
  make_room(0);
}

void BlockCache::hold(const Key& key, std::uint64_t size, bool proved) {
  if (held_.contains(key)) return;
  held_[key] = {size, proved, by_use_.insert(by_use_.end(), key)};
  bytes_held_ += size;
}

void BlockCache::forget(const Key& key) {
  const auto found = held_.find(key);
  if (found == held_.end()) return;
  std::error_code ignored;
  fs::remove(file_of(key), ignored);
  bytes_held_ -= found->second.size_bytes;
  by_use_.erase(found->second.use);
  held_.erase(found);
}

// Who has such a block open reads on: its file goes with the last who does.
void BlockCache::make_room(std::uint64_t bytes) {
  while (!by_use_.empty() && bytes_held_ + bytes > settings_.bytes_max) forget(Key(by_use_.front()));
}

Result<std::string> BlockCache::read(const SourceObject& object, std::uint64_t offset, std::uint64_t size) {
  const std::string name = data::DataCache::name_of(source_.url(), object);
  std::string answer;
  while (size > 0 && offset < object.size_bytes) {
    const std::uint64_t number = offset / block_bytes;
    const std::uint64_t within = offset % block_bytes;
    const std::uint64_t length = std::min(size, size_of_block(object, number) - within);
    TW_ASSIGN_OR_RETURN(const Block block, block_of(object, {name, number}));
    std::string piece = block.bytes.substr(std::min<std::size_t>(within, block.bytes.size()), length);
    const int failed = block.file.valid() ? objectstore::read_at(block.file.get(), within, length, piece) : 0;
    if (failed != 0 || piece.size() != length) {
      return Error{Code::unavailable, "a block of '" + object.key + "' could not be read from the cache"};
    }
    answer += piece;
    offset += length;
    size -= length;
  }
  return answer;
}

Result<BlockCache::Block> BlockCache::block_of(const SourceObject& object, const Key& key) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !under_way_.contains(key); });
  const auto found = held_.find(key);
  if (found != held_.end()) {
    by_use_.splice(by_use_.end(), by_use_, found->second.use);
    const bool proved = found->second.proved;
    lock.unlock();
    if (std::optional<Block> block = open_held(key, proved, size_of_block(object, key.second)))
      return *std::move(block);
    lock.lock();
    forget(key);  // gone, or damaged
    changed_.wait(lock, [&] { return !under_way_.contains(key); });
  }
  under_way_.insert(key);
  lock.unlock();
  Result<Block> brought = bring(object, key);
  lock.lock();
  under_way_.erase(key);
  changed_.notify_all();
  return brought;
}

std::optional<BlockCache::Block> BlockCache::open_held(const Key& key, bool proved, std::uint64_t size) {
  io::UniqueFd file(::open(file_of(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() || (!proved && !is_proved(file.get(), size))) return std::nullopt;
  if (!proved) {
    ::futimens(file.get(), nullptr);  // used
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(key);
    if (found != held_.end() && !std::exchange(found->second.proved, true)) count_.bytes_reused += size;
  }
  return Block{std::move(file), {}};
}

Result<BlockCache::Block> BlockCache::bring(const SourceObject& object, const Key& key) {
  TW_ASSIGN_OR_RETURN(std::string bytes, fetch(object, key.second));
  const std::uint64_t size = bytes.size();
  {
    const std::lock_guard lock(mutex_);
    count_.bytes_moved += size;
    make_room(size);
  }
  if (size > settings_.bytes_max || !store(key, bytes)) return Block{io::UniqueFd(), std::move(bytes)};
  io::UniqueFd file(::open(file_of(key).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  const std::lock_guard lock(mutex_);
  hold(key, size, true);
  if (!file.valid()) return Block{io::UniqueFd(), std::move(bytes)};
  return Block{std::move(file), {}};
}

bool BlockCache::store(const Key& key, const std::string& bytes) {
  const fs::path file = file_of(key);
  if (!io::make_folders(file.parent_path(), 0700).ok()) return false;
  return io::write_file_atomic(file, bytes + io::sha256(bytes), {0600, false}).ok();
}

Result<std::string> BlockCache::fetch(const SourceObject& object, std::uint64_t number) {
  const std::uint64_t size = size_of_block(object, number);
  Duration pause = settings_.first_pause;
  for (int tries = 1;; ++tries) {
    Result<std::string> bytes = source_.store().get(object.key, {number * block_bytes, size});
    if (bytes.ok() && bytes->size() == size) return bytes;
    if (bytes.ok() || bytes.error().code == Code::not_found) {
      return Error{Code::conflict,
                   "the object '" + object.key + "' of " + source_.url() +
                       " is no longer what it was when it was mounted",
                   "mount what nobody changes meanwhile"};
    }
    if (!may_pass(bytes.error()) || tries >= settings_.tries_max || stopped_) return bytes;
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

void BlockCache::read_ahead(const SourceObject& object, std::uint64_t number, std::uint64_t count) {
  const std::string name = data::DataCache::name_of(source_.url(), object);
  const std::lock_guard lock(mutex_);
  for (std::uint64_t i = number; i < number + count && size_of_block(object, i) > 0; ++i) {
    const Key key{name, i};
    const bool is_wished = std::any_of(wishes_.begin(), wishes_.end(), [&](const Wish& wish) {
      return wish.object == &object && wish.number == i;
    });
    if (is_wished || held_.contains(key) || under_way_.contains(key)) continue;
    wishes_.push_back({&object, i});
    if (wishes_.size() > wishes_max) wishes_.pop_front();
  }
  changed_.notify_all();
}

void BlockCache::work_ahead() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !wishes_.empty(); });
    if (stopping_) return;
    const Wish wish = wishes_.front();
    wishes_.pop_front();
    lock.unlock();
    const std::string name = data::DataCache::name_of(source_.url(), *wish.object);
    static_cast<void>(block_of(*wish.object, {name, wish.number}));  // who needs it asks again, and is told
    lock.lock();
  }
}

BlockCount BlockCache::count() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

std::uint64_t BlockCache::bytes_held() const {
  const std::lock_guard lock(mutex_);
  return bytes_held_;
}

}  // namespace tradewind::datamount
