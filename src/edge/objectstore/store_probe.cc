#include "edge/objectstore/store_probe.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <sys/random.h>
#include <thread>

#include "base/random.h"

namespace tradewind::objectstore {
namespace {

constexpr std::string_view overwrites =
    "the store is unfit for ledgers: two writers would both believe to be the only one. Choose a store that "
    "honours If-None-Match: * (S3 since 2024-08, MinIO, Ceph, Azure Blob Storage), an SFTP server that makes "
    "hard links (OpenSSH's), or a newer release of this one";
constexpr std::string_view broken = "this is not how a store behaves: look for a proxy or a cache in between";

std::uint64_t random_number() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) std::abort();
  return number;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Bytes that no cache and no compression shortens.
std::string random_bytes(std::size_t size) {
  Random random(random_number());
  std::string bytes;
  bytes.reserve(size + 8);
  while (bytes.size() < size) {
    const std::uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(size);
  return bytes;
}

class Probe {
 public:
  Probe(ObjectStore& store, const ProbeOptions& options)
      : store_(store),
        options_(options),
        folder_("tradewind-check/" + std::to_string(random_number())),
        payload_(random_bytes(options.payload_bytes)) {}

  Result<StorePrimitives> run() {
    const Status tried = prove_all();
    const Status cleaned = clean();
    if (!tried.ok()) return tried.error();
    if (!cleaned.ok())
      note(Primitive::remove, false, "what was written could not be removed: " + describe(cleaned.error()),
           "remove what lies under " + folder_ + " by hand");
    return found_;
  }

 private:
  std::string key(const std::string& name) const { return folder_ + "/" + name; }

  void note(Primitive primitive, bool holds, std::string finding, std::string_view cure) {
    found_.proofs.push_back({primitive, holds, std::move(finding), holds ? "" : std::string(cure)});
  }

  Status prove_all() {
    TW_RETURN_IF_ERROR(prove_put());
    TW_RETURN_IF_ERROR(prove_get());
    TW_RETURN_IF_ERROR(prove_stat());
    TW_RETURN_IF_ERROR(prove_list());
    TW_RETURN_IF_ERROR(prove_create());
    return prove_remove();
  }

  Status prove_put() {
    TW_RETURN_IF_ERROR(store_.put(key("replaced"), "first", PutCondition::always));
    TW_RETURN_IF_ERROR(store_.put(key("replaced"), "second", PutCondition::always));
    const auto begin = std::chrono::steady_clock::now();
    TW_RETURN_IF_ERROR(store_.put(key("payload"), payload_, PutCondition::always));
    found_.write_bytes_per_s = static_cast<double>(payload_.size()) / std::max(seconds_since(begin), 1e-6);
    note(Primitive::put, true, "objects are written and replaced", "");
    return {};
  }

  Status prove_get() {
    const auto begin = std::chrono::steady_clock::now();
    TW_ASSIGN_OR_RETURN(const std::string back, store_.get(key("payload")));
    found_.read_bytes_per_s = static_cast<double>(payload_.size()) / std::max(seconds_since(begin), 1e-6);
    std::vector<Duration> trips;
    bool fresh = true;
    for (int i = 0; i < 5; ++i) {
      const auto start = std::chrono::steady_clock::now();
      TW_ASSIGN_OR_RETURN(const std::string small, store_.get(key("replaced")));
      fresh = fresh && small == "second";
      trips.push_back(std::chrono::ceil<Duration>(std::chrono::steady_clock::now() - start));
    }
    std::nth_element(trips.begin(), trips.begin() + 2, trips.end());
    found_.round_trip = trips[2];
    const bool same = back == payload_;
    note(Primitive::get, same && fresh,
         !same   ? "other bytes were read than were written"
         : fresh ? "what was written is read at once"
                 : "an old object was read after it was replaced",
         broken);
    const ByteRange middle{payload_.size() / 3, 1000};
    TW_ASSIGN_OR_RETURN(const std::string part, store_.get(key("payload"), middle));
    const bool right = part == payload_.substr(middle.offset, *middle.length);
    note(Primitive::range, right,
         right ? "parts of objects are read" : "another part was read than was asked for", broken);
    return {};
  }

  Status prove_stat() {
    TW_ASSIGN_OR_RETURN(const ObjectInfo info, store_.stat(key("payload")));
    const Result<ObjectInfo> none = store_.stat(key("never-written"));
    const bool missing = !none.ok() && none.error().code == Code::not_found;
    if (!none.ok() && !missing) return none.error();
    const bool right = info.size_bytes == payload_.size();
    note(Primitive::stat, right && missing,
         !right    ? "the size of an object is wrong"
         : missing ? "sizes are right, and what is missing is said to be"
                   : "an object that was never written is there",
         broken);
    return {};
  }

  Status prove_list() {
    TW_ASSIGN_OR_RETURN(const ObjectPage page, store_.list(folder_ + "/", ""));
    const bool right = page.objects.size() == 2 && page.objects[0].key == key("payload") &&
                       page.objects[1].key == key("replaced") && !page.more;
    note(Primitive::list, right,
         right ? "what was written is listed at once, in order"
               : "of 2 objects " + std::to_string(page.objects.size()) + " are listed, or in another order",
         broken);
    return {};
  }

  // Each round: many writers, one key. Then once more alone, which must be refused, and must have changed
  // nothing.
  Status prove_create() {
    for (int round = 0; round < options_.rounds; ++round) {
      const std::string name = key("race-" + std::to_string(round));
      std::atomic<int> winner{-1};
      const Result<int> raced = race(name, winner);
      if (!raced.ok() && raced.error().code == Code::invalid_argument) {
        note(Primitive::create_if_absent, false, describe(raced.error()), overwrites);
        return {};
      }
      if (!raced.ok()) return raced.error();
      const int winners = *raced;
      TW_ASSIGN_OR_RETURN(const std::string content, store_.get(name));
      const Status again = store_.put(name, "late", PutCondition::if_absent);
      if (!again.ok() && again.error().code != Code::conflict) return again.error();
      TW_ASSIGN_OR_RETURN(const std::string after, store_.get(name));
      if (winners == 1 && !again.ok() && after == content && content == std::to_string(winner)) continue;
      note(Primitive::create_if_absent, false,
           again.ok() ? "an object that was there was overwritten by a create"
                      : "of " + std::to_string(options_.writers) + " racing writers " +
                            std::to_string(winners) + " were told that they created",
           overwrites);
      return {};
    }
    note(Primitive::create_if_absent, true,
         "exactly one of " + std::to_string(options_.writers) + " racing writers created, " +
             std::to_string(options_.rounds) + " times of " + std::to_string(options_.rounds),
         "");
    return {};
  }

  // How many were told that they created the object. invalid_argument: the store does not know how to.
  Result<int> race(const std::string& name, std::atomic<int>& winner) {
    std::atomic<int> winners{0};
    std::vector<Status> ends(static_cast<std::size_t>(options_.writers));
    std::barrier start(options_.writers);
    {
      std::vector<std::jthread> racers;
      racers.reserve(static_cast<std::size_t>(options_.writers));
      for (int racer = 0; racer < options_.writers; ++racer) {
        racers.emplace_back([&, racer] {
          start.arrive_and_wait();
          Status& end = ends[static_cast<std::size_t>(racer)];
          end = store_.put(name, std::to_string(racer), PutCondition::if_absent);
          if (!end.ok()) return;
          ++winners;
          winner = racer;
        });
      }
    }
    for (const Status& end : ends) {
      if (!end.ok() && end.error().code != Code::conflict) return end.error();
    }
    return winners.load();
  }

  Status prove_remove() {
    TW_RETURN_IF_ERROR(store_.remove(key("replaced")));
    TW_RETURN_IF_ERROR(store_.remove(key("replaced")));
    const Result<std::string> gone = store_.get(key("replaced"));
    const bool right = !gone.ok() && gone.error().code == Code::not_found;
    note(Primitive::remove, right, right ? "objects are removed" : "a removed object is still read", broken);
    return {};
  }

  Status clean() {
    for (;;) {
      TW_ASSIGN_OR_RETURN(const ObjectPage page, store_.list(folder_ + "/", ""));
      for (const ObjectInfo& object : page.objects) TW_RETURN_IF_ERROR(store_.remove(object.key));
      if (!page.more) return {};
    }
  }

  ObjectStore& store_;
  const ProbeOptions& options_;
  const std::string folder_;
  const std::string payload_;
  StorePrimitives found_;
};

}  // namespace

std::string_view to_text(Primitive primitive) {
  constexpr std::array<std::string_view, 7> names = {
      "put", "get", "range", "stat", "list", "create-if-absent", "remove"};
  return names[static_cast<std::size_t>(primitive)];
}

bool StorePrimitives::holds_objects() const {
  return std::all_of(proofs.begin(), proofs.end(), [](const PrimitiveProof& proof) {
    return proof.holds || proof.primitive == Primitive::create_if_absent;
  });
}

bool StorePrimitives::fit_for_ledgers() const {
  return std::all_of(proofs.begin(), proofs.end(), [](const PrimitiveProof& proof) { return proof.holds; });
}

Result<StorePrimitives> probe(ObjectStore& store, const ProbeOptions& options) {
  return Probe(store, options).run();
}

Status prove_create_if_absent(ObjectStore& store) {
  const std::string key = "tradewind-check/" + std::to_string(random_number());
  const Status first = store.put(key, "first", PutCondition::if_absent);
  if (!first.ok() && first.error().code == Code::invalid_argument) {
    return Error{Code::invalid_argument, store.url() + " is unfit for ledgers: " + first.error().message,
                 std::string(overwrites)};
  }
  if (!first.ok()) return first;
  const Status second = store.put(key, "second", PutCondition::if_absent);
  static_cast<void>(store.remove(key));  // what is left is small, and says what it is
  if (!second.ok() && second.error().code == Code::conflict) return {};
  if (!second.ok()) return second;
  return Error{Code::invalid_argument,
               store.url() + " is unfit for ledgers: an object that was there was overwritten by a create",
               std::string(overwrites)};
}

}  // namespace tradewind::objectstore
