#include "edge/drivers/slurm/slurm_file.h"

#include <algorithm>

#include "core/task/reading.h"
#include "core/task/yaml_tree.h"
#include "edge/drivers/config/fields.h"
#include "edge/io/files.h"
#include "edge/io/http_socket.h"

namespace tradewind::slurm {
namespace {

using drivers::fields::boolean;
using drivers::fields::Field;
using drivers::fields::integer;
using drivers::fields::money;
using drivers::fields::name_into;
using drivers::fields::positive;
using drivers::fields::read_members;
using drivers::fields::read_named_list;
using drivers::fields::span;
using drivers::fields::text;
using drivers::fields::texts;
using task::Reading;
using task::YamlKind;
using task::YamlNode;

// A word that goes into an argument "--option=WORD" of sbatch, and so cannot be taken for another.
Field word(std::string& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> found = read_text(reading, node, path);
    if (!found) return;
    const bool plain =
        std::ranges::all_of(*found, [](char letter) { return letter > ' ' && letter != 0x7f; });
    if (found->empty() || !plain)
      return reading.expected(node, path, "a word without blanks, as Slurm spells it");
    target = *found;
  };
}

Field absolute_path(std::string& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    const std::optional<std::string> found = read_text(reading, node, path);
    if (!found) return;
    const bool plain = std::ranges::none_of(*found, [](char letter) { return letter >= 0 && letter < ' '; });
    if (!found->starts_with('/') || !plain)
      return reading.expected(node, path, "the absolute path of a folder that all nodes see");
    target = *found;
  };
}

// A map of any names, each value read by `field`.
template <class Value>
Field map_of(std::map<std::string, Value>& target, Field (*field)(Value&)) {
  return [&target, field](Reading& reading, const YamlNode& node, const std::string& path) {
    if (!is_map(reading, node, path)) return;
    for (const task::YamlMember& member : node.members)
      field(target[member.key->text])(reading, *member.value, path + "." + member.key->text);
  };
}

// One price, or one for each partition.
Field prices(Cluster& cluster) {
  return [&cluster](Reading& reading, const YamlNode& node, const std::string& path) {
    if (node.kind == YamlKind::map) return map_of(cluster.partition_prices, money)(reading, node, path);
    money(cluster.price_per_hour)(reading, node, path);
  };
}

// The accelerator's model, or a map of GRES type → model.
Field gpu_models(Cluster& cluster) {
  return [&cluster](Reading& reading, const YamlNode& node, const std::string& path) {
    if (node.kind == YamlKind::scalar) return text(cluster.gpus[""])(reading, node, path);
    map_of(cluster.gpus, text)(reading, node, path);
  };
}

Shape read_shape(Reading& reading, const YamlNode& node, const std::string& path) {
  Shape shape;
  if (!is_map(reading, node, path)) return shape;
  read_members(reading, node, path,
               {{"name", name_into(shape.name)},
                {"cpus", positive(shape.cpus, 4096)},
                {"memory_gib", positive(shape.memory_gib, 1e6)},
                {"gpus", integer(shape.gpus, 0, 1024)}});
  if (shape.name.empty()) reading.error(node, path + " has no name", "such as name: gpu-2");
  return shape;
}

Field shapes(std::vector<Shape>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    read_named_list(reading, node, path, "shape",
                    [&](Reading& each, const YamlNode& item, const std::string& where) {
                      target.push_back(read_shape(each, item, where));
                      return target.back().name;
                    });
  };
}

void read_url(Reading& reading, const YamlNode& node, const std::string& path, std::string& target) {
  const std::optional<std::string> found = read_text(reading, node, path);
  if (!found) return;
  if (!io::parse_http_endpoint(*found))
    return reading.expected(node, path, "unix:/path/of/a/socket, http://host:port or https://host:port");
  target = *found;
}

void read_version(Reading& reading, const YamlNode& node, const std::string& path, std::string& target) {
  static constexpr std::string_view versions[] = {"auto",    "v0.0.36", "v0.0.37", "v0.0.38",
                                                  "v0.0.39", "v0.0.40", "v0.0.41"};
  const std::optional<std::string> found = read_word(reading, node, path, versions);
  if (found && *found != "auto") target = *found;
}

Field rest(std::optional<Rest>& target) {
  return [&target](Reading& reading, const YamlNode& node, const std::string& path) {
    if (!is_map(reading, node, path)) return;
    Rest& made = target.emplace();
    const auto into = [](auto read, std::string& place) -> Field {
      return [read, &place](Reading& inner, const YamlNode& value, const std::string& where) {
        read(inner, value, where, place);
      };
    };
    read_members(reading, node, path,
                 {{"url", into(read_url, made.url)},
                  {"version", into(read_version, made.version)},
                  {"user", word(made.user)},
                  {"token_file", absolute_path(made.token_file)}});
    const bool has_url =
        std::ranges::any_of(node.members, [](const auto& m) { return m.key->text == "url"; });
    if (!has_url) reading.error(node, path + " has no url", "such as url: unix:/run/slurmrestd.sock");
    if (!made.token_file.empty() && made.user.empty())
      reading.error(node, path + " has a token_file but no user", "name the user whose token that is");
  };
}

Cluster read_cluster(Reading& reading, const YamlNode& node, const std::string& path) {
  Cluster cluster;
  if (!is_map(reading, node, path)) return cluster;
  const auto has = [&node](std::string_view name) {
    return std::ranges::any_of(node.members, [&](const auto& member) {
      return member.key->text == name && member.value->kind != YamlKind::null;
    });
  };
  read_members(reading, node, path,
               {{"name", name_into(cluster.name)},
                {"host", word(cluster.host)},
                {"store", absolute_path(cluster.store)},
                {"partitions", texts(cluster.partitions)},
                {"preemptible", texts(cluster.preemptible)},
                {"account", word(cluster.account)},
                {"qos", word(cluster.qos)},
                {"reservation", word(cluster.reservation)},
                {"constraint", word(cluster.constraint)},
                {"exclusive", boolean(cluster.exclusive)},
                {"price_per_hour", prices(cluster)},
                {"gpus", gpu_models(cluster)},
                {"shapes", shapes(cluster.shapes)},
                {"rest", rest(cluster.rest)},
                {"notice_lead", span(cluster.notice_lead, true)},
                {"time_limit", span(cluster.time_limit, false)},
                {"estimate_every", span(cluster.estimate_every, false)},
                {"max_jobs", integer(cluster.max_jobs, 1, 1'000'000)},
                {"options", texts(cluster.options)}});
  if (!has("name")) reading.error(node, path + " has no name", "such as name: hpc");
  if (!has("store"))
    reading.error(node, path + " has no store",
                  "name a folder that all nodes see, such as store: /home/you/tradewind");
  if (cluster.rest && !cluster.options.empty())
    reading.error(node, path + " has options of sbatch, which its REST service does not take");
  return cluster;
}

}  // namespace

ClustersOutcome parse_slurm(std::string_view yaml) {
  ClustersOutcome outcome;
  outcome.errors =
      drivers::fields::parse_list_file(yaml, {"slurm.yaml", "clusters", "cluster", "docs/suppliers/slurm.md"},
                                       [&](Reading& reading, const YamlNode& node, const std::string& path) {
                                         outcome.clusters.push_back(read_cluster(reading, node, path));
                                         return outcome.clusters.back().name;
                                       });
  return outcome;
}

Result<std::vector<Cluster>> read_slurm_file(const std::filesystem::path& file) {
  TW_ASSIGN_OR_RETURN(const std::string yaml, io::read_file(file, task::max_file_bytes));
  ClustersOutcome outcome = parse_slurm(yaml);
  if (!outcome.errors.empty()) return as_error(outcome.errors, file.string());
  return std::move(outcome.clusters);
}

}  // namespace tradewind::slurm
