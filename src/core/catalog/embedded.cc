#include "core/catalog/embedded.h"

#include <array>
#include <vector>

#include "core/catalog/catalog.h"

extern "C" {
extern const char tw_offers_aws[];
extern const char tw_offers_aws_end[];
extern const char tw_offers_azure[];
extern const char tw_offers_azure_end[];
extern const char tw_offers_gcp[];
extern const char tw_offers_gcp_end[];
extern const char tw_offers_gpu_clouds[];
extern const char tw_offers_gpu_clouds_end[];
extern const char tw_egress[];
extern const char tw_egress_end[];
}

namespace tradewind::catalog {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const OfferText> embedded_offer_texts() {
  static const std::array<OfferText, 4> texts = {
      OfferText{"offers-aws.csv", between(tw_offers_aws, tw_offers_aws_end)},
      OfferText{"offers-azure.csv", between(tw_offers_azure, tw_offers_azure_end)},
      OfferText{"offers-gcp.csv", between(tw_offers_gcp, tw_offers_gcp_end)},
      OfferText{"offers-gpu-clouds.csv", between(tw_offers_gpu_clouds, tw_offers_gpu_clouds_end)},
  };
  return texts;
}

std::string_view embedded_egress_csv() {
  return between(tw_egress, tw_egress_end);
}

LoadedCatalog load_embedded_catalog(std::span<const OfferText> more) {
  const std::span<const OfferText> own = embedded_offer_texts();
  std::vector<OfferText> texts(own.begin(), own.end());
  texts.insert(texts.end(), more.begin(), more.end());
  return load_catalog(texts);
}

}  // namespace tradewind::catalog
