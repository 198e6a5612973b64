#include "edge/mailbox/mailbox.h"

#include <cstdio>

#include "core/model/json.h"

namespace tradewind::mailbox {
namespace {

using objectstore::ObjectStore;
using objectstore::PutCondition;

// Creates the object; an equal one that is there already (a retry after a lost reply) counts as success.
Status put_once(ObjectStore& store, const std::string& key, std::string_view bytes) {
  Status put = store.put(key, bytes, PutCondition::if_absent);
  if (put.ok() || put.error().code != Code::conflict) return put;
  TW_ASSIGN_OR_RETURN(const std::string present, store.get(key));
  if (present == bytes) return {};
  return Error{Code::conflict, key + " in " + store.url() + " exists with other content"};
}

Error unreadable(const ObjectStore& store, const std::string& key, const Error& cause) {
  return {Code::corrupt, key + " in " + store.url() + " cannot be read: " + cause.message};
}

// The number that a segment's or order's key ends in; 0 when it is none.
std::uint64_t number_of(const std::string& key) {
  const std::size_t slash = key.rfind('/');
  std::uint64_t number = 0;
  if (key.size() - slash - 1 != 8) return 0;
  for (std::size_t i = slash + 1; i < key.size(); ++i) {
    if (key[i] < '0' || key[i] > '9') return 0;
    number = number * 10 + static_cast<std::uint64_t>(key[i] - '0');
  }
  return number;
}

Result<std::vector<Segment>> read_segments(ObjectStore& store, const std::string& prefix, std::uint64_t after,
                                           std::size_t limit) {
  TW_ASSIGN_OR_RETURN(const objectstore::ObjectPage page,
                      store.list(prefix, prefix + eight_digits(after), limit));
  std::vector<Segment> segments;
  for (const objectstore::ObjectInfo& object : page.objects) {
    const std::uint64_t number = number_of(object.key);
    if (number != after + segments.size() + 1) break;  // a gap: what lies behind it is not ours to read yet
    TW_ASSIGN_OR_RETURN(std::string bytes, store.get(object.key));
    segments.push_back({number, std::move(bytes)});
  }
  return segments;
}

}  // namespace

std::string eight_digits(std::uint64_t number) {
  char buffer[24];
  std::snprintf(buffer, sizeof buffer, "%08llu", static_cast<unsigned long long>(number));
  return buffer;
}

std::string job_prefix(const OwnerId& owner, const JobId& job) {
  return "tradewind/" + owner.text() + "/jobs/" + job.text() + "/";
}

Mailbox::Mailbox(ObjectStore& store, OwnerId owner, JobId job)
    : store_(store), owner_(std::move(owner)), job_(std::move(job)), prefix_(job_prefix(owner_, job_)) {}

std::string Mailbox::lease_key(const LeaseId& lease, std::string_view rest) const {
  return prefix_ + "leases/" + lease.text() + "/" + std::string(rest);
}

Status Mailbox::write_spec(const JobSpec& spec) {
  return put_once(store_, prefix_ + "spec.json", to_pretty(to_json(spec)));
}

Result<JobSpec> Mailbox::read_spec() {
  const std::string key = prefix_ + "spec.json";
  TW_ASSIGN_OR_RETURN(const std::string bytes, store_.get(key));
  const Result<json::value> value = parse_json(bytes);
  if (!value.ok()) return unreadable(store_, key, value.error());
  Result<JobSpec> spec = job_spec_from_json(*value, "spec");
  if (!spec.ok()) return unreadable(store_, key, spec.error());
  return spec;
}

Status Mailbox::write_status(const AgentStatus& status) {
  return store_.put(lease_key(status.lease, "status.json"), to_text(to_json(status)), PutCondition::always);
}

Result<AgentStatus> Mailbox::read_status(const LeaseId& lease) {
  const std::string key = lease_key(lease, "status.json");
  TW_ASSIGN_OR_RETURN(const std::string bytes, store_.get(key));
  const Result<json::value> value = parse_json(bytes);
  if (!value.ok()) return unreadable(store_, key, value.error());
  Result<AgentStatus> status = agent_status_from_json(*value, "status");
  if (!status.ok()) return unreadable(store_, key, status.error());
  return status;
}

Status Mailbox::write_order(const LeaseId& lease, const Order& order) {
  return put_once(store_, lease_key(lease, "orders/" + eight_digits(order.number)), to_text(to_json(order)));
}

Result<std::vector<Order>> Mailbox::read_orders(const LeaseId& lease, std::uint64_t after) {
  TW_ASSIGN_OR_RETURN(const std::vector<Segment> segments,
                      read_segments(store_, lease_key(lease, "orders/"), after, 1000));
  std::vector<Order> orders;
  for (const Segment& segment : segments) {
    const std::string key = lease_key(lease, "orders/" + eight_digits(segment.number));
    const Result<json::value> value = parse_json(segment.bytes);
    if (!value.ok()) return unreadable(store_, key, value.error());
    Result<Order> order = order_from_json(*value, "order");
    if (!order.ok()) return unreadable(store_, key, order.error());
    orders.push_back(*std::move(order));
  }
  return orders;
}

Status Mailbox::write_log(const LeaseId& lease, std::uint64_t number, std::string_view bytes) {
  return put_once(store_, lease_key(lease, "log/" + eight_digits(number)), bytes);
}

Status Mailbox::write_progress(const LeaseId& lease, std::uint64_t number, std::string_view json_lines) {
  return put_once(store_, lease_key(lease, "progress/" + eight_digits(number)), json_lines);
}

Result<std::vector<Segment>> Mailbox::read_log(const LeaseId& lease, std::uint64_t after, std::size_t limit) {
  return read_segments(store_, lease_key(lease, "log/"), after, limit);
}

Result<std::vector<Segment>> Mailbox::read_progress(const LeaseId& lease, std::uint64_t after,
                                                    std::size_t limit) {
  return read_segments(store_, lease_key(lease, "progress/"), after, limit);
}

Status Mailbox::probe(std::string_view nonce) {
  const std::string key = prefix_ + "probe";
  TW_RETURN_IF_ERROR(store_.put(key, nonce, PutCondition::always));
  TW_ASSIGN_OR_RETURN(const std::string present, store_.get(key));
  if (present == nonce) return {};
  return Error{Code::unavailable, key + " in " + store_.url() + " does not read back what was just written"};
}

}  // namespace tradewind::mailbox
