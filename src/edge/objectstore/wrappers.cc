#include "edge/objectstore/wrappers.h"

#include <utility>

namespace tradewind::objectstore {
namespace {

template <class Act>
auto between(const FaultStore::Hook& hook, Operation operation, std::string_view key, Act act)
    -> decltype(act()) {
  TW_RETURN_IF_ERROR(hook({FaultStore::Moment::before, operation, key}));
  auto reply = act();
  if (reply.ok()) TW_RETURN_IF_ERROR(hook({FaultStore::Moment::after, operation, key}));
  return reply;
}

}  // namespace

FaultStore::FaultStore(ObjectStore& inner, Hook hook) : inner_(inner), hook_(std::move(hook)) {}

std::string FaultStore::url() const {
  return inner_.url();
}

Status FaultStore::put(std::string_view key, std::string_view bytes, PutCondition condition) {
  return between(hook_, Operation::put, key, [&] { return inner_.put(key, bytes, condition); });
}

Result<std::string> FaultStore::get(std::string_view key, ByteRange range) {
  return between(hook_, Operation::get, key, [&] { return inner_.get(key, range); });
}

Result<ObjectInfo> FaultStore::stat(std::string_view key) {
  return between(hook_, Operation::stat, key, [&] { return inner_.stat(key); });
}

Result<ObjectPage> FaultStore::list(std::string_view prefix, std::string_view after, std::size_t limit) {
  return between(hook_, Operation::list, prefix, [&] { return inner_.list(prefix, after, limit); });
}

Status FaultStore::remove(std::string_view key) {
  return between(hook_, Operation::remove, key, [&] { return inner_.remove(key); });
}

Status FaultStore::remove_if_older(std::string_view key, Time limit) {
  return between(hook_, Operation::remove, key, [&] { return inner_.remove_if_older(key, limit); });
}

std::string FaultStore::copy_domain() const {
  return inner_.copy_domain();
}

std::optional<CopySource> FaultStore::copy_source(std::string_view key) {
  if (!hook_({Moment::before, Operation::stat, key}).ok()) return std::nullopt;
  std::optional<CopySource> found = inner_.copy_source(key);
  if (found && !hook_({Moment::after, Operation::stat, key}).ok()) return std::nullopt;
  return found;
}

bool FaultStore::copy_within(const CopySource& source, std::string_view key) {
  if (!hook_({Moment::before, Operation::put, key}).ok()) return false;
  return inner_.copy_within(source, key) && hook_({Moment::after, Operation::put, key}).ok();
}

}  // namespace tradewind::objectstore
