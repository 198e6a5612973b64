#include "engine/storesim/actor_store.h"

#include <algorithm>

namespace tradewind::storesim {
namespace {

using objectstore::ByteRange;
using objectstore::ObjectInfo;
using objectstore::ObjectPage;
using objectstore::PutCondition;

std::string_view to_text(Kind kind) {
  return kind == Kind::home ? "home" : kind == Kind::standby ? "standby" : "local";
}

Error no_answer() {
  return {Code::unavailable, "the store did not answer"};
}

std::string short_key(std::string_view key) {
  const std::size_t folder = key.rfind('/', key.rfind('/') - 1);
  const std::size_t from = folder == std::string_view::npos ? 0 : folder + 1;
  return std::string(key.substr(from, 24));
}

}  // namespace

Status Effects::put(const std::string& key, std::string_view bytes, PutCondition condition) const {
  if (condition == PutCondition::always || !inner.stat(key).ok()) {
    world.oracle->before_put(actor, site, kind, key, op_step == actor.op_step);
  }
  Status put = inner.put(key, bytes, condition);
  if (put.ok()) world.oracle->after_put(actor, site, kind, key, puts_anew);
  return put;
}

Status Effects::remove(const std::string& key) const {
  world.oracle->before_remove(site, kind, key);
  if (inner.stat(key).ok()) world.count("objects removed");
  return inner.remove(key);
}

Status Effects::remove_if_older(const std::string& key, Time limit) const {
  const Result<ObjectInfo> there = inner.stat(key);
  if (!there.ok() || there->modified_at < limit) return remove(key);
  world.count("chunks spared, since they were put again");
  return Error{Code::conflict, "'" + key + "' was put again"};
}

std::string ActorStore::url() const {
  return "memory:" + site_.name + "-" + std::string(to_text(kind_));
}

void ActorStore::crash() {
  world_.count("crashes");
  world_.say(actor_, "KILLED");
  throw Ended{};
}

// What becomes of the call that is about to be made.
ActorStore::Fate ActorStore::draw(std::string_view call, std::string_view key, bool may_be_late) {
  if (mood_ == Mood::calm) {
    world_.clock.advance(std::chrono::seconds(1));  // stores date by the second
    return Fate::done;
  }
  world_.step(actor_);
  maybe_rot();
  const FaultRates& rates = world_.rates;
  Random& chance = world_.chance;
  Fate fate = Fate::done;
  const char* text = "";
  if (chance.chance(rates.crash)) {
    fate = chance.chance(0.5) ? Fate::crash_before : Fate::crash_after;
    text = fate == Fate::crash_before ? " (not made)" : " (made)";
  } else if (kind_ == Kind::local) {
    if (call == "put" && chance.chance(rates.lost)) {
      fate = Fate::request_lost;
      text = " -> disk full";
      world_.count("local disk full");
    }
  } else if (world_.now_step() < world_.away_until[&inner_]) {
    fate = Fate::request_lost;
    text = " -> away";
    world_.count("calls of a store that is away");
  } else if (chance.chance(rates.away)) {
    world_.away_until[&inner_] = world_.now_step() + chance.below(60);
  } else if (chance.chance(rates.lost)) {
    fate = chance.chance(0.5) ? Fate::request_lost : Fate::reply_lost;
    text = fate == Fate::request_lost ? " -> request lost" : " -> reply lost";
    world_.count(fate == Fate::request_lost ? "requests lost" : "replies lost");
  } else if (may_be_late && chance.chance(rates.late)) {
    fate = Fate::late;
    text = " -> no answer, it arrives later";
    world_.count("requests late");
  }
  world_.say(actor_, std::string(call) + " " + site_.name + "-" + std::string(to_text(kind_)) + " " +
                         short_key(key) + text);
  return fate;
}

template <class Reply, class Act>
Reply ActorStore::through(std::string_view call, std::string_view key, const Act& act) {
  switch (draw(call, key, false)) {
    case Fate::crash_before:
    case Fate::crash_after:
      crash();
    case Fate::request_lost:
    case Fate::reply_lost:
    case Fate::late:
      return no_answer();
    case Fate::done:
      break;
  }
  return act();
}

Status ActorStore::change(std::string_view call, const std::string& key, const std::function<Status()>& act) {
  switch (draw(call, key, true)) {
    case Fate::crash_before:
      crash();
    case Fate::crash_after:
      static_cast<void>(act());
      crash();
    case Fate::request_lost:
      return no_answer();
    case Fate::reply_lost:
      static_cast<void>(act());
      return no_answer();
    case Fate::late:
      world_.later([act, key, &world = world_, &actor = actor_] {
        world.say(actor, "(late) " + short_key(key));
        static_cast<void>(act());
      });
      return no_answer();
    case Fate::done:
      break;
  }
  return act();
}

Status ActorStore::put(std::string_view key, std::string_view bytes, PutCondition condition) {
  effects_.op_step = actor_.op_step;
  effects_.puts_anew = actor_.puts_anew;
  return change("put", std::string(key),
                [effects = effects_, key = std::string(key), bytes = std::string(bytes), condition] {
                  return effects.put(key, bytes, condition);
                });
}

Status ActorStore::remove(std::string_view key) {
  return change("remove", std::string(key),
                [effects = effects_, key = std::string(key)] { return effects.remove(key); });
}

Status ActorStore::remove_if_older(std::string_view key, Time limit) {
  return change("remove_if_older", std::string(key), [effects = effects_, key = std::string(key), limit] {
    return effects.remove_if_older(key, limit);
  });
}

Result<std::string> ActorStore::get(std::string_view key, ByteRange range) {
  return through<Result<std::string>>("get", key, [&]() -> Result<std::string> {
    Result<std::string> bytes = inner_.get(key, range);
    if (!bytes.ok() || bytes->empty()) return bytes;
    const Oracle::Rot rot = world_.oracle->rot_of(site_, kind_, std::string(key));
    if (rot == Oracle::Rot::flipped) {
      char& byte = (*bytes)[bytes->size() / 2];
      byte = static_cast<char>(byte ^ 0x10);
    }
    if (rot == Oracle::Rot::cut) bytes->resize(bytes->size() / 2);
    return bytes;
  });
}

void ActorStore::show_rot(ObjectInfo& info) const {
  if (world_.oracle->rot_of(site_, kind_, info.key) == Oracle::Rot::cut) info.size_bytes /= 2;
}

Result<ObjectInfo> ActorStore::stat(std::string_view key) {
  return through<Result<ObjectInfo>>("stat", key, [&] {
    Result<ObjectInfo> info = inner_.stat(key);
    if (info.ok()) show_rot(*info);
    return info;
  });
}

Result<ObjectPage> ActorStore::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  return through<Result<ObjectPage>>("list", prefix, [&] {
    Result<ObjectPage> page = inner_.list(prefix, after, std::min(limit, world_.page_max));
    if (page.ok() && page->more) world_.count("lists in pages");
    if (page.ok()) std::ranges::for_each(page->objects, [this](ObjectInfo& info) { show_rot(info); });
    return page;
  });
}

// Of an object that both stores have whole, one copy rots.
void ActorStore::maybe_rot() {
  if (site_.standby == nullptr || !world_.chance.chance(world_.rates.rot)) return;
  const char* folder = world_.chance.chance(0.3) ? "manifests/" : "chunks/";
  const Result<ObjectPage> page = site_.home->list(site_.prefix + folder, "");
  if (!page.ok() || page->objects.empty()) return;
  const std::string key = page->objects[world_.chance.below(page->objects.size())].key;
  const bool whole = world_.oracle->rot_of(site_, Kind::home, key) == Oracle::Rot::none &&
                     world_.oracle->rot_of(site_, Kind::standby, key) == Oracle::Rot::none;
  const Result<std::string> here = site_.home->get(key);
  const Result<std::string> there = site_.standby->get(key);
  if (!whole || !here.ok() || !there.ok() || *here != *there) return;
  const Kind kind = world_.chance.chance(0.7) ? Kind::home : Kind::standby;
  world_.oracle->note_rot(site_, kind, key,
                          world_.chance.chance(0.7) ? Oracle::Rot::flipped : Oracle::Rot::cut);
  world_.count("objects rotted");
  world_.say(actor_, "(rot of " + short_key(key) + " in " + std::string(to_text(kind)) + ")");
}

}  // namespace tradewind::storesim
