#include <algorithm>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "core/task/reading.h"
#include "core/task/task_file.h"
#include "core/task/yaml_writer.h"

namespace tradewind::task {
namespace {

using Texts = std::vector<std::string>;

// Text as people and enemies write it: words, numbers in disguise, scripts, quotes, controls, other
// alphabets.
std::string any_text() {
  const auto piece = rc::gen::element<std::string>(
      "a", "Z", "0", "7", " ", "  ", "\n", "\t", ":", ": ", "#", " #", "- ", "-", "'", "\"", "\\", "{", "}",
      "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "~", "null", "true", "no", "1e5", "0x1F", ".",
      "_", "<<", "한글", "é", "\xE2\x80\xA8", "\xC2\x85", "\xEF\xBB\xBF", "\x01", "\x1B", "\r", "\x7F", "---",
      "...", "$HOME", "${X}", "=");
  const auto count = *rc::gen::inRange(0, 8);
  std::string text;
  for (int i = 0; i < count; ++i) text += *piece;
  return text;
}

double any_positive() {
  return *rc::gen::element(1.0, 8.0, 0.5, 0.1, 1.0 / 3.0, 1e-7, 123456789.125, 3e11);
}

std::string any_word() {
  return *rc::gen::element<std::string>("a", "train-1", "x.y_z", "H100", "true", "null", "007", "1e5", "e3");
}

Location any_location() {
  return *rc::gen::element(Location{"aws"}, Location{"local", "zone-a"},
                           Location{"gcp", "us-central1", "us-central1-a"}, Location{"1", "2"});
}

template <class F>
auto several(F&& make, int most = 3) {
  std::vector<decltype(make())> items;
  const int count = *rc::gen::inRange(0, most + 1);
  items.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) items.push_back(make());
  return items;
}

ResourceRequest any_resources(bool with_alternatives) {
  ResourceRequest request;
  request.accelerators = several([] {
    return AcceleratorRequest{any_word(), *rc::gen::element(1.0, 8.0, 0.5, 0.125)};
  });
  request.infra = several(any_location);
  request.instance_type = any_text();
  if (*rc::gen::arbitrary<bool>())
    request.cpus = AmountRequest{any_positive() / 1e4, *rc::gen::arbitrary<bool>()};
  if (*rc::gen::arbitrary<bool>())
    request.memory_gib = AmountRequest{any_positive() / 1e4, *rc::gen::arbitrary<bool>()};
  if (*rc::gen::arbitrary<bool>()) request.use_spot = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>())
    request.max_hourly_cost = Money(*rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000));
  request.disk_size_gb = *rc::gen::element(0, 1, 256);
  request.max_restarts_on_errors = *rc::gen::element(0, 1, 1'000'000);
  request.ports = several([] { return *rc::gen::element<std::string>("80", "8000-8010", "65535"); });
  for (const std::string& name : several(any_text)) request.labels[name] = any_text();
  if (!with_alternatives) return request;
  std::vector<ResourceRequest> alternatives = several([&] {
    // An alternative has all that the outer resources have, and may replace it.
    ResourceRequest alternative = request;
    alternative.infra = {any_location()};
    alternative.use_spot = *rc::gen::arbitrary<bool>();
    return alternative;
  });
  (*rc::gen::arbitrary<bool>() ? request.any_of : request.ordered) = std::move(alternatives);
  return request;
}

void add_data(JobSpec& spec) {
  for (const std::string& path : several([] { return "m" + any_text(); })) {
    const FileMount mount = *rc::gen::element(FileMount{"s3://corpus/a b"}, FileMount{"/home/ann/한글: x"},
                                              FileMount{"gs://b?x=#", MountMode::mount});
    FileMounts mounts = spec.file_mounts;
    mounts[path] = mount;
    if (check_targets_apart(mounts).ok()) spec.file_mounts = mounts;
  }
  for (const std::string& name : several(any_word)) {
    spec.inputs[name] = {"s3://corpus/" + name, *rc::gen::element(0.0, 100.5, 1e-3)};
  }
  std::vector<std::string> outputs = several([] { return "o" + any_text(); });
  std::erase_if(outputs, [](const std::string& path) { return path.find("..") != std::string::npos; });
  std::sort(outputs.begin(), outputs.end());
  outputs.erase(std::unique(outputs.begin(), outputs.end()), outputs.end());
  spec.outputs = outputs;
  for (const std::string& path : outputs) {
    if (*rc::gen::arbitrary<bool>()) spec.output_copies[path] = "s3://results/x y";
  }
}

JobSpec any_spec() {
  JobSpec spec;
  spec.name = *rc::gen::element<std::string>("", "train", "1.5", "true", "a_b-c.d", "007");
  spec.resources = any_resources(true);
  spec.num_nodes = *rc::gen::element(1, 2, 10'000);
  spec.workdir = *rc::gen::element<std::string>("", "/w", "/w/한글 dir", "/a: b", "rel/x");
  spec.setup = any_text();
  spec.run = "x" + any_text();
  for (const std::string& name :
       several([] { return *rc::gen::element<std::string>("A", "_b", "X9", "yes"); })) {
    spec.envs[name] = any_text();
  }
  spec.secrets = *rc::gen::element(Texts{}, Texts{"T"}, Texts{"T", "U"});
  add_data(spec);
  if (*rc::gen::arbitrary<bool>())
    spec.duration = Duration(*rc::gen::inRange<std::int64_t>(1, 1'000'000'000));
  spec.work.unit = "u" + *rc::gen::element<std::string>("", ": x", "#");
  spec.work.total = *rc::gen::element(0.0, any_positive());
  for (const std::string& model : several(any_word)) spec.work.rate_per_s[model] = any_positive();
  switch (*rc::gen::inRange(0, 3)) {
    case 0:
      spec.deadline_after = Duration(*rc::gen::inRange<std::int64_t>(1, 1'000'000'000));
      break;
    case 1:
      spec.deadline_at = Time(Duration(*rc::gen::inRange<std::int64_t>(0, 4'000'000'000'000)));
      break;
    default:
      break;
  }
  if (*rc::gen::arbitrary<bool>()) spec.budget = Money(*rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000));
  if (*rc::gen::arbitrary<bool>()) {
    spec.checkpoint = {*rc::gen::element<std::string>("state", "/s", "a b: c"), std::nullopt, "", 7, {}};
    if (*rc::gen::arbitrary<bool>()) spec.checkpoint.interval = Duration(*rc::gen::inRange(1, 100'000'000));
    spec.checkpoint.signal = *rc::gen::element<std::string>("", "SIGUSR1", "SIGTERM");
    spec.checkpoint.keep_hourly = *rc::gen::element(0, 24);
    spec.checkpoint.keep_daily = *rc::gen::element(0, 7);
    if (*rc::gen::arbitrary<bool>())
      spec.checkpoint.keep_best = KeepBest{"m" + any_text(), 3, *rc::gen::arbitrary<bool>()};
    spec.checkpoint.stores = several([] { return "s" + any_text(); });
    spec.checkpoint.encrypt = *rc::gen::arbitrary<bool>();
    spec.checkpoint.bandwidth =
        *rc::gen::element<std::string>("", "20MiB/s", "08:00,2M 19:00,off", "@/run/a b");
  }
  spec.avoid = several(any_location);
  for (const std::string& supplier : several(any_word))
    spec.max_share[supplier] = *rc::gen::element(1.0, 0.6, 0.001);
  spec.priority = *rc::gen::element(0, 5, -1000);
  spec.policy = *rc::gen::element<std::string>("", "failover", "tradewind");
  if (*rc::gen::arbitrary<bool>())
    spec.waiting_cost = Money(*rc::gen::inRange<std::int64_t>(1, 1'000'000'000));
  return spec;
}

TEST(TaskWriter, EverySpecSurvivesItsYaml) {
  EXPECT_TRUE(rc::check([] {
    const JobSpec spec = any_spec();
    const std::string yaml = to_yaml(spec);
    const TaskOutcome outcome = parse_task(yaml, "");
    if (!outcome.ok()) RC_FAIL(yaml + render(outcome.errors, "", yaml));
    JobSpec found = outcome.task.spec;
    const json::object kept = std::exchange(found.kept, {});
    if (found != spec) RC_FAIL(yaml + tradewind::to_text(tradewind::to_json(found)));
    // What the parser kept survives as well.
    JobSpec with_kept = spec;
    with_kept.kept = kept;
    const TaskOutcome again = parse_task(to_yaml(with_kept), "");
    RC_ASSERT(again.ok());
    if (again.task.spec != with_kept) RC_FAIL(to_yaml(with_kept));
  }));
}

TEST(TaskWriter, EveryTextSurvivesAsAValueAndAsAKey) {
  EXPECT_TRUE(rc::check([] {
    const json::object object{{"k", json::value(any_text())},
                              {any_text() + "k", json::array{any_text(), any_text()}}};
    const YamlTree tree = read_yaml(write_yaml(object));
    if (!tree.complete || !tree.errors.empty()) RC_FAIL(write_yaml(object));
    RC_ASSERT(tradewind::to_text(as_written(*tree.root)) == tradewind::to_text(object));
  }));
}

TEST(TaskWriter, WritesWhatAPersonWouldWrite) {
  const TaskOutcome outcome = parse_task(R"(
name: bible-gpt
resources:
  accelerators: {H100: 8}
  memory: 64GB+
  any_of: [{infra: aws/us-east-1}, {cloud: gcp}]
run: "set -e\npython3 train.py --note 'a: b'\n"
envs: {LR: 1e-4, DEBUG: true}
work: {total: 500, rate: 2.5}
budget: $25
checkpoint: state
service: {replicas: 2, probe: {path: /health, every: 5}}
)",
                                         "");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(to_yaml(outcome.task.spec), R"(name: bible-gpt
resources:
  accelerators: H100:8
  memory: 64+
  any_of:
    - accelerators: H100:8
      infra: aws/us-east-1
      memory: 64+
    - accelerators: H100:8
      infra: gcp
      memory: 64+
envs:
  DEBUG: "true"
  LR: "1e-4"
work:
  total: 500
  rate:
    H100: 2.5
budget: 25.00 USD
checkpoint:
  path: state
service:
  replicas: 2
  probe:
    path: /health
    every: 5
run: |
  set -e
  python3 train.py --note 'a: b'
)");
}

}  // namespace
}  // namespace tradewind::task
