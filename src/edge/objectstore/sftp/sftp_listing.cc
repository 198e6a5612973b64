#include <algorithm>
#include <map>
#include <utility>

#include "edge/objectstore/sftp/sftp_folders.h"
#include "edge/objectstore/wanted_keys.h"

namespace tradewind::objectstore {
namespace {

constexpr std::size_t lookahead_max = 32;

// Depth first, in the order of whole keys. Folders that come next are read ahead, several at once, since each
// costs a few times the way to the server and back.
class Walk {
 public:
  Walk(SftpSession& session, std::string_view root, std::string_view prefix, std::string_view after,
       std::size_t limit)
      : session_(session), root_(root), wanted_(prefix, after), limit_(limit) {}

  // The folder whose keys all begin with `base` ("" or "a/b/").
  Result<SftpPage> run(const std::string& base) {
    TW_ASSIGN_OR_RETURN(std::vector<SftpFolder> folders, read({base}));
    if (folders[0].refusal.status == SftpStatus::no_such_file) {
      made_.folder_missing = true;
      return std::move(made_);
    }
    TW_RETURN_IF_ERROR(visit(std::move(folders[0]), base));
    return std::move(made_);
  }

 private:
  void note_left_out(const std::string& name, const std::string& key) {
    if (name == "." || name == ".." || name.starts_with('~') || !wanted_.contains(key)) return;
    leave_out(made_.page, key);
  }

  bool done() const { return made_.page.more || made_.refusal.refused(); }

  static std::string path_below(const std::string& base) { return base.substr(0, base.rfind('/')); }

  // Names of folders are given a '/' at their end: sorted so, keys come out in byte order over all depths.
  Result<std::vector<SftpFolder>> read(const std::vector<std::string>& bases) {
    std::vector<std::string> paths;
    paths.reserve(bases.size());
    for (const std::string& base : bases)
      paths.push_back(sftp_path(root_, base.empty() ? "" : path_below(base)));
    TW_ASSIGN_OR_RETURN(std::vector<SftpFolder> folders,
                        read_sftp_folders(session_, paths, [&](std::size_t folder, const SftpName& name) {
                          const std::string key = bases[folder] + name.name;
                          if (!check_key(name.name).ok() || name.attributes.is_link()) {
                            note_left_out(name.name, key);
                            return false;
                          }
                          if (!name.attributes.is_folder())
                            return wanted_.contains(key) && check_key(key).ok();
                          return wanted_.may_begin_with(key + "/") && check_key(key).ok();
                        }));
    for (SftpFolder& folder : folders) {
      for (SftpName& name : folder.names) {
        if (name.attributes.is_folder()) name.name += '/';
      }
      std::sort(folder.names.begin(), folder.names.end(),
                [](const SftpName& one, const SftpName& other) { return one.name < other.name; });
    }
    return folders;
  }

  Status visit(SftpFolder folder, const std::string& base) {
    if (folder.refusal.refused()) {
      // Gone: it was removed while we looked.
      if (folder.refusal.status != SftpStatus::no_such_file) {
        made_.refusal = std::move(folder.refusal);
        made_.refused_path = sftp_path(root_, base);
      }
      return {};
    }
    std::map<std::size_t, SftpFolder> ahead;
    for (std::size_t i = 0; i < folder.names.size() && !done(); ++i) {
      const SftpName& name = folder.names[i];
      if (!name.name.ends_with('/')) {
        TW_RETURN_IF_ERROR(take(base + name.name, name.attributes));
        continue;
      }
      if (!ahead.contains(i)) TW_RETURN_IF_ERROR(read_ahead(folder.names, i, base, ahead));
      TW_RETURN_IF_ERROR(visit(std::move(ahead.extract(i).mapped()), base + name.name));
    }
    return {};
  }

  Status read_ahead(const std::vector<SftpName>& names, std::size_t from, const std::string& base,
                    std::map<std::size_t, SftpFolder>& ahead) {
    std::vector<std::size_t> indices;
    std::vector<std::string> bases;
    for (std::size_t i = from; i < names.size() && bases.size() < lookahead_; ++i) {
      if (!names[i].name.ends_with('/')) continue;
      indices.push_back(i);
      bases.push_back(base + names[i].name);
    }
    lookahead_ = std::min(lookahead_ * 2, lookahead_max);
    TW_ASSIGN_OR_RETURN(std::vector<SftpFolder> folders, read(bases));
    for (std::size_t i = 0; i < indices.size(); ++i) ahead.emplace(indices[i], std::move(folders[i]));
    return {};
  }

  Status take(const std::string& key, SftpAttributes attributes) {
    // Servers may leave out what is known only by looking again.
    if (!attributes.size_bytes || !attributes.modified_s || !attributes.permissions) {
      SftpCall call(session_);
      SftpRequest look(SftpType::lstat, SftpType::attributes);
      look.text(sftp_path(root_, key));
      TW_ASSIGN_OR_RETURN(const SftpReply reply, call.ask(std::move(look)));
      if (reply.type != SftpType::attributes) return {};  // removed while we looked
      attributes = reply.attributes;
      if (attributes.is_folder() || attributes.is_link()) return {};
    }
    if (attributes.is_other()) return {};
    ObjectPage& page = made_.page;
    if (page.objects.size() == limit_) {
      page.more = true;
      return {};
    }
    const Time modified{std::chrono::seconds(attributes.modified_s.value_or(0))};
    page.objects.push_back({key, attributes.size_bytes.value_or(0), modified});
    return {};
  }

  SftpSession& session_;
  const std::string_view root_;
  const WantedKeys wanted_;
  const std::size_t limit_;
  std::size_t lookahead_ = 1;
  SftpPage made_;
};

}  // namespace

Result<SftpPage> list_sftp_folder(SftpSession& session, std::string_view root, std::string_view prefix,
                                  std::string_view after, std::size_t limit) {
  // Straight to the deepest folder that the prefix names: its siblings may be many.
  const std::size_t slash = prefix.rfind('/');
  const std::string base(slash == std::string_view::npos ? "" : prefix.substr(0, slash + 1));
  if (!base.empty() && !check_key(std::string_view(base).substr(0, slash)).ok()) return SftpPage{};
  return Walk(session, root, prefix, after, limit).run(base);
}

}  // namespace tradewind::objectstore
