#include "engine/simulator/model_backend.h"

namespace tradewind::simulator {

scheduler::SupplierFacts ModelBackend::facts() {
  const provider::Capabilities& known = provider().capabilities();
  return {known.list_delay, Duration(10'000),  known.notice_lead,
          known.list_gap,   known.needs_relay, known.batch_max};
}

}  // namespace tradewind::simulator
