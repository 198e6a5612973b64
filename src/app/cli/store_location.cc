#include "app/cli/store_location.h"

#include <array>
#include <string_view>

#include "edge/objectstore/s3_url.h"

namespace tradewind::cli {
namespace {

struct Owner {
  std::string_view host_end;
  std::string_view provider;  // as data/catalog/egress.csv calls it
};
// Of servers that speak S3.
constexpr std::array owners = {
    Owner{"amazonaws.com", "aws"},
    Owner{"storage.googleapis.com", "gcp"},
    Owner{"r2.cloudflarestorage.com", "cloudflare-r2"},
    Owner{"backblazeb2.com", "backblaze-b2"},
    Owner{"wasabisys.com", "wasabi"},
    Owner{"digitaloceanspaces.com", "digitalocean"},
    Owner{"linodeobjects.com", "linode"},
    Owner{"vultrobjects.com", "vultr"},
    Owner{"oraclecloud.com", "oci"},
    Owner{"cwobject.com", "coreweave"},
};

std::string variable(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::string aws_region(const std::string& said, const std::map<std::string, std::string>& environment) {
  for (const std::string& region :
       {said, variable(environment, "AWS_REGION"), variable(environment, "AWS_DEFAULT_REGION")}) {
    if (!region.empty()) return region;
  }
  return "us-east-1";
}

std::optional<Location> of_s3(const std::string& url, const std::map<std::string, std::string>& environment) {
  const Result<objectstore::S3Url> parsed = objectstore::parse_s3_url(url);
  if (!parsed.ok()) return std::nullopt;
  if (!parsed->endpoint) return Location{"aws", aws_region(parsed->region, environment), ""};
  for (const Owner& owner : owners) {
    if (parsed->endpoint->host.ends_with(owner.host_end)) {
      return Location{std::string(owner.provider), parsed->region, ""};
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Location> location_of_store(const std::string& url,
                                          const std::map<std::string, std::string>& environment) {
  if (url.starts_with("s3://")) return of_s3(url, environment);
  const bool emulated = url.find("endpoint=") != std::string::npos;
  if (url.starts_with("gs://") && !emulated) return Location{"gcp", "", ""};
  if (url.starts_with("azblob://") && !emulated) return Location{"azure", "", ""};
  return std::nullopt;
}

}  // namespace tradewind::cli
