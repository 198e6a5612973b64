#include "app/cli/machine_check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <future>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/text.h"
#include "edge/io/errno_error.h"
#include "edge/io/files.h"
#include "edge/io/process.h"

namespace tradewind::cli {
namespace {

using std::filesystem::path;

constexpr std::uint64_t mib = std::uint64_t{1} << 20;
constexpr std::uint64_t state_bytes_min = 64 * mib;
constexpr std::uint64_t data_bytes_min = 1024 * mib;
// Of each program that is asked; they are asked at the same time.
constexpr Duration program_patience{700};

// A folder that is not there yet will be made in this one.
path nearest_existing(path folder) {
  while (!io::path_exists(folder) && folder.has_parent_path() && folder != folder.parent_path())
    folder = folder.parent_path();
  return folder;
}

// Of statfs(2); empty: a disk of this machine.
std::string network_file_system(const path& folder) {
  struct Kind {
    std::uint32_t magic;
    const char* name;
  };
  constexpr std::array<Kind, 10> kinds = {{{0x6969, "NFS"},
                                           {0x517B, "SMB"},
                                           {0xFF534D42, "CIFS"},
                                           {0xFE534D42, "SMB"},
                                           {0x01021997, "9p"},
                                           {0x00C36400, "Ceph"},
                                           {0x0BD00BD0, "Lustre"},
                                           {0x47504653, "GPFS"},
                                           {0x5346414F, "AFS"},
                                           {0x65735546, "FUSE"}}};
  struct statfs facts = {};
  if (::statfs(folder.c_str(), &facts) != 0) return "";
  const auto magic = static_cast<std::uint32_t>(facts.f_type);
  const auto found =
      std::find_if(kinds.begin(), kinds.end(), [&](const Kind& kind) { return kind.magic == magic; });
  return found == kinds.end() ? "" : found->name;
}

struct FolderWish {
  std::string name;
  path folder;
  std::uint64_t bytes_min;
  bool local_disk;  // its database needs the locks of a local disk
};

CheckLine check_folder(const FolderWish& wish) {
  const char* const elsewhere = "set TRADEWIND_HOME to a folder on a disk of this machine that you can write";
  const path existing = nearest_existing(wish.folder);
  std::string detail = wish.folder.string();
  if (!std::filesystem::is_directory(existing)) {
    return {wish.name, "broken", existing.string() + " is no folder", elsewhere};
  }
  if (::access(existing.c_str(), W_OK | X_OK) != 0) {
    return {wish.name, "broken", io::errno_error(errno, "write in " + existing.string()).message, elsewhere};
  }
  const std::uint64_t available = io::free_disk_bytes(existing).value_or(0);
  detail += ", " + format_bytes(available) + " free";
  if (existing != wish.folder) detail += "; it is made when it is needed";
  const std::string network = network_file_system(existing);
  if (wish.local_disk && available < state_bytes_min) return {wish.name, "broken", detail, "free some space"};
  if (available < wish.bytes_min)
    return {wish.name, "warning", detail, "free some space: checkpoints need it"};
  if (wish.local_disk && !network.empty()) {
    return {wish.name, "warning", detail + ", on a network file system (" + network + ")",
            "keep it on a local disk (TRADEWIND_HOME): the state's database relies on its locks"};
  }
  return {wish.name, "ok", detail, ""};
}

// What the program says on stdout, without the newline at its end.
Result<std::string> ask_program(std::vector<std::string> argv, const Context& context) {
  const std::string name = argv.front();
  io::SpawnRequest request;
  request.argv = std::move(argv);
  request.environment = context.environment;
  request.cwd = "/";
  TW_ASSIGN_OR_RETURN(const io::CommandOutput output, io::run_command(request, program_patience, mib));
  if (output.status.success()) return std::string(trim(output.out));
  return Error{Code::internal,
               name + " ended with " + to_text(output.status) + ": " + split(trim(output.err), '\n').front()};
}

CheckLine unusable(const std::string& name, const Error& error, const std::string& cure) {
  if (error.code == Code::not_found) return {name, "missing", "not in the PATH", cure};
  return {name, "warning", error.message, ""};  // what it says is the best hint
}

CheckLine check_git(const Context& context) {
  const Result<std::string> said = ask_program({"git", "--version"}, context);
  if (!said.ok()) return unusable("git", said.error(), "install git; only recipes that fetch code need it");
  return {"git", "ok", said->starts_with("git version ") ? said->substr(12) : *said, ""};
}

// One start of the interpreter answers for both. Torch is looked for, not imported: that would take seconds.
std::vector<CheckLine> check_python(const Context& context) {
  constexpr const char* program =
      "import importlib.metadata as m, sys\n"
      "print(sys.version.split()[0])\n"
      "try: print(m.version('torch'))\n"
      "except m.PackageNotFoundError: pass\n";
  const std::string cure = "install Python 3; only jobs that use it need it";
  const Result<std::string> said = ask_program({"python3", "-c", program}, context);
  if (!said.ok()) return {unusable("python3", said.error(), cure)};
  const std::vector<std::string> lines = split(*said, '\n');
  CheckLine torch{"torch", "missing", "not installed for python3",
                  "pip install torch; only the recipes that train with it need it"};
  if (lines.size() > 1) torch = {"torch", "ok", lines[1], ""};
  return {{"python3", "ok", lines.front(), ""}, torch};
}

// What the driver's kernel module says, which needs no program.
std::vector<std::string> gpus_of_driver() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& gpu : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", error)) {
    const Result<std::string> text = io::read_file(gpu.path() / "information", mib);
    for (const std::string& line : split(text.value_or(""), '\n')) {
      if (line.starts_with("Model:")) names.emplace_back(trim(line.substr(6)));
    }
  }
  return names;
}

// "8 × NVIDIA H200, 143771 MiB"
std::string grouped(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::vector<std::string> groups;
  for (auto name = names.begin(); name != names.end();) {
    const auto next = std::upper_bound(name, names.end(), *name);
    groups.push_back(std::to_string(next - name) + " × " + *name);
    name = next;
  }
  return join(groups, "; ");
}

CheckLine check_gpu(const Context& context) {
  const Result<std::string> said =
      ask_program({"nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"}, context);
  std::vector<std::string> names = said.ok() ? split(*said, '\n') : gpus_of_driver();
  std::erase(names, "");
  if (!names.empty()) return {"gpu", "ok", grouped(names), ""};
  if (!said.ok() && said.error().code != Code::not_found) {
    return {"gpu", "warning", said.error().message, "nvidia-smi shows what is wrong with the driver"};
  }
  return {"gpu", "missing", "no NVIDIA GPU with a driver",
          "jobs run on the CPU here; tradewind offers H100 shows who rents one out"};
}

// A control group hierarchy that this process is in: its controllers and its folder.
struct Group {
  std::string controllers;  // "cpu,cpuacct"; empty: version 2
  path folder;
};

// cgroups(7): /proc/self/cgroup has "4:memory:/a/b" or "0::/a/b"; mountinfo says where each is mounted, and
// from which root.
std::vector<Group> own_groups() {
  const std::string memberships = io::read_file("/proc/self/cgroup", mib).value_or("");
  const std::string mounts = io::read_file("/proc/self/mountinfo", 16 * mib).value_or("");
  std::vector<Group> groups;
  for (const std::string& line : split(memberships, '\n')) {
    const std::vector<std::string> parts = split(line, ':');
    if (parts.size() < 3) continue;
    for (const std::string& mount : split(mounts, '\n')) {
      const std::size_t dash = mount.find(" - ");
      if (dash == std::string::npos) continue;
      const std::vector<std::string> before = split(mount.substr(0, dash), ' ');
      const std::vector<std::string> after = split(mount.substr(dash + 3), ' ');
      if (before.size() < 5 || after.size() < 3) continue;
      const bool fits = parts[1].empty()
                            ? after[0] == "cgroup2"
                            : after[0] == "cgroup" &&
                                  ("," + after[2] + ",").find("," + parts[1] + ",") != std::string::npos;
      if (!fits) continue;
      const std::string below =
          before[3] != "/" && parts[2].starts_with(before[3]) ? parts[2].substr(before[3].size()) : parts[2];
      const path folder = path(before[4]) / path(below).relative_path();
      groups.push_back({parts[1], io::path_exists(folder) ? folder : path(before[4])});
      break;
    }
  }
  return groups;
}

bool writable(const path& folder) {
  return ::access(folder.c_str(), W_OK | X_OK) == 0;
}

// The controllers that children of a version 2 group get.
std::string handed_down(const path& folder) {
  return " " + std::string(trim(io::read_file(folder / "cgroup.subtree_control", mib).value_or(""))) + " ";
}

// A cloud whose credentials tools look for in these places.
struct Cloud {
  std::string name;
  std::string stores;  // "s3://"; "": none is known there
  std::vector<std::string> variables;
  std::vector<path> files;
};

std::vector<Cloud> clouds_of(const Context& context) {
  const path home = context.variable("HOME").value_or("/nonexistent");
  const auto folder = [&](const char* variable, const char* usual) {
    const std::string set = context.variable(variable).value_or("");
    return set.empty() ? home / usual : path(set);
  };
  const std::string key_file = context.variable("GOOGLE_APPLICATION_CREDENTIALS").value_or("");
  const path gcloud = folder("CLOUDSDK_CONFIG", ".config/gcloud");
  return {
      {"aws",
       "s3://",
       {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"},
       {folder("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"), folder("AWS_CONFIG_FILE", ".aws/config")}},
      {"gcp",
       "gs://",
       {},
       {key_file.empty() ? gcloud / "application_default_credentials.json" : path(key_file),
        gcloud / "application_default_credentials.json"}},
      {"azure",
       "azblob://",
       {"AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_ID"},
       {folder("AZURE_CONFIG_DIR", ".azure") / "azureProfile.json"}}};
}

}  // namespace

std::vector<CheckLine> check_folders(const Context& context) {
  return {check_folder({"state folder", context.folders.state, state_bytes_min, true}),
          check_folder({"data folder", context.folders.data, data_bytes_min, false})};
}

CheckLine check_control_groups() {
  const std::vector<Group> groups = own_groups();
  bool v1_memory = false;
  bool v1_cpu = false;
  for (const Group& group : groups) {
    const std::string names = "," + group.controllers + ",";
    v1_memory = v1_memory || (names.find(",memory,") != std::string::npos && writable(group.folder));
    v1_cpu = v1_cpu || (names.find(",cpu,") != std::string::npos && writable(group.folder));
  }
  if (v1_memory && v1_cpu)
    return {"control groups", "ok", "version 1: memory and cpus of local instances are limits", ""};
  const auto v2 = std::find_if(groups.begin(), groups.end(),
                               [](const Group& group) { return group.controllers.empty(); });
  const std::string cure =
      "tradewind server in a unit or container with delegated control groups (systemd: Delegate=yes)";
  if (v2 == groups.end() || !writable(v2->folder)) {
    return {"control groups", "missing",
            "this user may not make any: cpus and memory of local instances are not enforced", cure};
  }
  const std::string handed = handed_down(v2->folder);
  if (handed.find(" memory ") != std::string::npos && handed.find(" cpu ") != std::string::npos) {
    return {"control groups", "ok", "version 2: memory and cpus of local instances are limits", ""};
  }
  return {"control groups", "warning",
          "version 2, without the memory and cpu controllers for children: cpus and memory of local "
          "instances are not enforced",
          cure};
}

std::vector<CheckLine> check_programs(const Context& context) {
  auto python = std::async(std::launch::async, [&] { return check_python(context); });
  auto gpu = std::async(std::launch::async, [&] { return check_gpu(context); });
  std::vector<CheckLine> lines{check_git(context)};
  for (CheckLine& line : python.get()) lines.push_back(std::move(line));
  lines.push_back(gpu.get());
  return lines;
}

std::vector<CheckLine> find_credentials(const Context& context) {
  std::vector<CheckLine> lines;
  for (const Cloud& cloud : clouds_of(context)) {
    std::string where;
    for (const std::string& name : cloud.variables) {
      if (where.empty() && !context.variable(name).value_or("").empty()) where = "$" + name;
    }
    for (const path& file : cloud.files) {
      if (where.empty() && io::path_exists(file)) where = file.string();
    }
    if (where.empty()) {
      lines.push_back(
          {cloud.name, "missing", "no credentials found; this version does not rent there yet", ""});
      continue;
    }
    std::string found = "credentials in " + where;
    if (cloud.stores.empty()) {
      found += "; not used by this version yet";
    } else {
      found += "; used for stores (" + cloud.stores + "), not yet to rent there";
    }
    lines.push_back({cloud.name, "found", std::move(found), ""});
  }
  return lines;
}

}  // namespace tradewind::cli
