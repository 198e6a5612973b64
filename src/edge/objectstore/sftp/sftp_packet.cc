#include "edge/objectstore/sftp/sftp_packet.h"

#include <algorithm>
#include <limits>

namespace tradewind::objectstore {
namespace {

constexpr std::size_t header_bytes = 9;  // length, type, id
constexpr std::uint32_t protocol_version = 3;

// Which attributes follow (filexfer-02, section 5).
constexpr std::uint32_t has_size = 1;
constexpr std::uint32_t has_owner = 2;
constexpr std::uint32_t has_permissions = 4;
constexpr std::uint32_t has_times = 8;
constexpr std::uint32_t has_extensions = 0x80000000;

constexpr std::uint32_t kind_mask = 0170000;
constexpr std::uint32_t folder_kind = 0040000;
constexpr std::uint32_t file_kind = 0100000;
constexpr std::uint32_t link_kind = 0120000;

void append_number(std::string& bytes, std::uint64_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) {
    bytes += static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU);
  }
}

void set_number(std::string& bytes, std::size_t at, std::uint32_t value) {
  std::string number;
  append_number(number, value, 4);
  bytes.replace(at, 4, number);
}

// Takes fields off the front; after one that is not there all others are empty, and ok() is false.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  std::string_view rest() const { return rest_; }
  std::uint64_t number64() { return number(8); }
  std::uint32_t number32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint8_t byte() { return static_cast<std::uint8_t>(number(1)); }
  std::string_view text() { return take(number32()); }

 private:
  std::string_view take(std::size_t size) {
    ok_ = ok_ && size <= rest_.size();
    if (!ok_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const char c : take(size)) value = (value << 8U) | static_cast<unsigned char>(c);
    return value;
  }

  std::string_view rest_;
  bool ok_ = true;
};

Error cut() {
  return {Code::corrupt, "the SFTP server sent a packet that is cut short or no packet at all"};
}

SftpAttributes read_attributes(Fields& fields) {
  SftpAttributes attributes;
  const std::uint32_t flags = fields.number32();
  if ((flags & has_size) != 0) attributes.size_bytes = fields.number64();
  if ((flags & has_owner) != 0) fields.number64();
  if ((flags & has_permissions) != 0) attributes.permissions = fields.number32();
  if ((flags & has_times) != 0) {
    fields.number32();  // of the last reading
    attributes.modified_s = fields.number32();
  }
  const std::uint32_t extensions = (flags & has_extensions) != 0 ? fields.number32() : 0;
  for (std::uint32_t i = 0; i < extensions && fields.ok(); ++i) {
    fields.text();
    fields.text();
  }
  return attributes;
}

// Servers that leave the kind out of the permissions have it in the line that is meant for people.
void complete_kind(SftpAttributes& attributes, std::string_view line) {
  if (attributes.permissions && (*attributes.permissions & kind_mask) != 0) return;
  std::uint32_t kind = 0;
  if (line.starts_with('d')) kind = folder_kind;
  if (line.starts_with('-')) kind = file_kind;
  if (line.starts_with('l')) kind = link_kind;
  if (kind != 0) attributes.permissions = attributes.permissions.value_or(0) | kind;
}

std::vector<SftpName> read_names(Fields& fields) {
  std::vector<SftpName> names;
  const std::uint32_t count = fields.number32();
  for (std::uint32_t i = 0; i < count && fields.ok(); ++i) {
    SftpName name;
    name.name = std::string(fields.text());
    const std::string_view line = fields.text();
    name.attributes = read_attributes(fields);
    complete_kind(name.attributes, line);
    if (fields.ok()) names.push_back(std::move(name));
  }
  return names;
}

std::uint32_t kind_of(const SftpAttributes& attributes) {
  return attributes.permissions.value_or(0) & kind_mask;
}

std::size_t believable(std::uint64_t said) {
  constexpr std::uint64_t least = 1024;
  constexpr std::uint64_t most = std::uint64_t{255} << 10;
  return said < least ? SftpLimits{}.read_bytes : static_cast<std::size_t>(std::min(said, most));
}

}  // namespace

SftpRequest::SftpRequest(SftpType type, SftpType answer) : answer_(answer) {
  bytes_.assign(header_bytes, '\0');
  bytes_[4] = static_cast<char>(type);
}

SftpRequest SftpRequest::extension(std::string_view name, SftpType answer) {
  SftpRequest request(SftpType::extended, answer);
  request.text(name);
  return request;
}

SftpRequest& SftpRequest::number(std::uint32_t value) {
  append_number(bytes_, value, 4);
  return *this;
}

SftpRequest& SftpRequest::number64(std::uint64_t value) {
  append_number(bytes_, value, 8);
  return *this;
}

SftpRequest& SftpRequest::text(std::string_view bytes) {
  number(static_cast<std::uint32_t>(bytes.size()));
  bytes_ += bytes;
  return *this;
}

SftpRequest& SftpRequest::payload(std::string_view bytes) {
  number(static_cast<std::uint32_t>(bytes.size()));
  payload_ = bytes;
  return *this;
}

std::array<std::string_view, 2> SftpRequest::packet(std::uint32_t id) {
  set_number(bytes_, 0, static_cast<std::uint32_t>(bytes_.size() - 4 + payload_.size()));
  set_number(bytes_, 5, id);
  return {bytes_, payload_};
}

std::string sftp_init_packet() {
  std::string packet;
  append_number(packet, 5, 4);
  packet += static_cast<char>(SftpType::init);
  append_number(packet, protocol_version, 4);
  return packet;
}

bool SftpAttributes::is_folder() const {
  return kind_of(*this) == folder_kind;
}
bool SftpAttributes::is_link() const {
  return kind_of(*this) == link_kind;
}
bool SftpAttributes::is_other() const {
  const std::uint32_t kind = kind_of(*this);
  return kind != 0 && kind != file_kind && kind != folder_kind && kind != link_kind;
}

Result<SftpReply> parse_sftp_reply(std::string packet) {
  SftpReply reply;
  reply.packet = std::move(packet);
  Fields fields(reply.packet);
  reply.type = static_cast<SftpType>(fields.byte());
  reply.id = fields.number32();
  reply.data_offset = reply.packet.size();
  const auto rest_is_data = [&] { reply.data_offset = reply.packet.size() - fields.rest().size(); };
  switch (reply.type) {
    case SftpType::status:
      reply.status = static_cast<SftpStatus>(fields.number32());
      if (!fields.ok()) return cut();
      // Old servers leave the text out.
      if (!fields.rest().empty()) reply.message = std::string(fields.text());
      break;
    case SftpType::handle:
      reply.handle = std::string(fields.text());
      if (reply.handle.empty() || reply.handle.size() > sftp_handle_bytes_max) return cut();
      break;
    case SftpType::data: {
      const std::uint32_t size = fields.number32();
      if (!fields.ok() || fields.rest().size() < size) return cut();
      rest_is_data();
      reply.packet.resize(reply.data_offset + size);
      return reply;
    }
    case SftpType::name:
      reply.names = read_names(fields);
      break;
    case SftpType::attributes:
      reply.attributes = read_attributes(fields);
      break;
    case SftpType::extended_reply:
      rest_is_data();
      break;
    default:
      return cut();
  }
  if (!fields.ok()) return cut();
  return reply;
}

Result<SftpVersion> parse_sftp_version(std::string_view packet) {
  Fields fields(packet);
  if (static_cast<SftpType>(fields.byte()) != SftpType::version) return cut();
  SftpVersion version;
  version.version = fields.number32();
  while (fields.ok() && !fields.rest().empty()) {
    const std::string_view name = fields.text();
    const std::string_view value = fields.text();
    if (fields.ok()) version.extensions.emplace(name, value);
  }
  if (!fields.ok()) return cut();
  return version;
}

Result<SftpLimits> parse_sftp_limits(std::string_view data) {
  Fields fields(data);
  fields.number64();  // the longest packet
  const std::uint64_t read = fields.number64();
  const std::uint64_t write = fields.number64();
  if (!fields.ok()) return cut();
  return SftpLimits{believable(read), believable(write)};
}

Result<std::uint64_t> parse_sftp_free_bytes(std::string_view data) {
  Fields fields(data);
  fields.number64();  // preferred block size
  const std::uint64_t block_bytes = fields.number64();
  fields.number64();  // all blocks
  fields.number64();  // free blocks
  const std::uint64_t available = fields.number64();
  if (!fields.ok()) return cut();
  if (block_bytes != 0 && available > std::numeric_limits<std::uint64_t>::max() / block_bytes) return cut();
  return available * block_bytes;
}

}  // namespace tradewind::objectstore
