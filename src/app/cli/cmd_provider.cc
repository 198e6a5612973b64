// tradewind provider test: a supplier's program, tried by the checks that Tradewind's own drivers pass.
#include <algorithm>
#include <iterator>
#include <ostream>
#include <unistd.h>

#include "app/cli/text_width.h"
#include "app/cli/verbs.h"
#include "base/random.h"
#include "base/text.h"
#include "edge/io/files.h"
#include "edge/provider/conformance/trial.h"

namespace tradewind::cli {
namespace {

using provider::ConformanceCheck;
using provider::Trial;
using Verdict = provider::Trial::Verdict;

constexpr Duration default_timeout = std::chrono::minutes(1);
constexpr int name_width = 44;

// A check and what came of it.
struct Finished {
  const ConformanceCheck* check;
  Trial::Outcome outcome;
};

const char* word_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "ok";
    case Verdict::broken:
      return "broken";
    case Verdict::not_run:
      return "not_run";
    case Verdict::interrupted:
      break;
  }
  return "interrupted";
}

Style style_of(Verdict verdict) {
  if (verdict == Verdict::holds) return Style::green;
  return verdict == Verdict::broken ? Style::red : Style::yellow;
}

// "small", "eu-1:small:spot" and "trial/eu-1:small:spot" name the same, as long as it is one alone.
bool is_meant(const Offer& offer, const std::string& wanted) {
  const std::string key = offer_key(offer);
  return wanted == key || wanted == key.substr(key.find('/') + 1) || wanted == offer.instance_type;
}

Result<Offer> choose(const std::vector<Offer>& offers, const std::string& wanted) {
  const Offer* cheapest = provider::cheapest(offers);
  if (cheapest == nullptr)
    return Error{Code::not_found, "the program offers nothing that is to be had by the hour",
                 "offer one for the time of the test at least"};
  if (wanted.empty()) return *cheapest;
  std::vector<Offer> meant;
  std::ranges::copy_if(offers, std::back_inserter(meant),
                       [&](const Offer& offer) { return is_meant(offer, wanted); });
  if (meant.size() == 1) return meant.front();
  std::vector<std::string> keys;
  for (const Offer& offer : meant.empty() ? offers : meant) {
    if (keys.size() < 8) keys.push_back(offer_key(offer));
  }
  return Error{meant.empty() ? Code::not_found : Code::invalid_argument,
               meant.empty() ? "the program has no offer '" + wanted + "'"
                             : "several offers are called '" + wanted + "'",
               "name one of " + join(keys, ", ")};
}

std::string extent_text(const Trial::Extent& extent, const Offer& offer) {
  std::string text = count_text(static_cast<std::uint64_t>(extent.checks), "check") + " launch up to " +
                     std::to_string(extent.launches) + " instances of " + offer_key(offer) + ", " +
                     std::to_string(extent.at_once) + " at once, and end each when its check is over.";
  if (offer.price_per_hour.nanos() == 0) return text + " It is free.";
  return text + " At " + offer.price_per_hour.text() + " an hour that is " + extent.most.text() +
         " at most, should every one of them run to its limit of " +
         format_duration(provider::TrialOptions().hard_limit) + ".";
}

void print_finished(const Finished& finished, Context& context) {
  const auto& [check, outcome] = finished;
  const std::string word = word_of(outcome.verdict);
  context.out << paint(style_of(outcome.verdict), word, context.terminal.colour)
              << std::string(word.size() < 12 ? 12 - word.size() : 1, ' ') << check->name
              << std::string(check->name.size() < name_width ? name_width - check->name.size() : 1, ' ')
              << check->rule << "\n";
  for (const std::string& problem : outcome.problems)
    context.out << wrap(printable(problem), context.terminal.width, "    ");
  for (const std::string& left : outcome.left)
    context.out << wrap(printable("not ended: " + left), context.terminal.width, "    ");
  if (outcome.verdict == Verdict::broken)
    context.out << wrap("→ " + std::string(check->cure), context.terminal.width, "    ");
  context.out << std::flush;
}

json::value finished_json(const Finished& finished) {
  const bool broken = finished.outcome.verdict == Verdict::broken;
  return json::object{
      {"name", finished.check->name},
      {"rule", finished.check->rule},
      {"status", word_of(finished.outcome.verdict)},
      {"problems", to_json(finished.outcome.problems)},
      {"left", to_json(finished.outcome.left)},
      {"cure", broken ? json::value(std::string(finished.check->cure)) : json::value(nullptr)}};
}

int count_of(const std::vector<Finished>& all, Verdict verdict) {
  return static_cast<int>(
      std::ranges::count_if(all, [&](const Finished& each) { return each.outcome.verdict == verdict; }));
}

bool left_something(const std::vector<Finished>& all) {
  return std::ranges::any_of(all, [](const Finished& each) { return !each.outcome.left.empty(); });
}

void print_summary(const std::vector<Finished>& all, Context& context) {
  const int broken = count_of(all, Verdict::broken);
  const int not_run = count_of(all, Verdict::not_run);
  const int interrupted = count_of(all, Verdict::interrupted);
  std::string text = std::to_string(count_of(all, Verdict::holds)) + " of " +
                     count_text(provider::conformance_checks().size(), "check") + " hold";
  if (broken > 0) text += ", " + std::to_string(broken) + (broken == 1 ? " is broken" : " are broken");
  if (not_run > 0) text += ", " + std::to_string(not_run) + (not_run == 1 ? " was not run" : " were not run");
  if (interrupted > 0) text += "; interrupted";
  text += left_something(all) ? ". Not all that was launched could be ended." : ". Nothing is left running.";
  context.out << wrap(text, context.terminal.width, "");
}

// The folder that the program remembers in: gone with the trial, unless instances are left that it knows.
class TrialFolder {
 public:
  static Result<TrialFolder> make() {
    TW_ASSIGN_OR_RETURN(io::Path path, io::make_temp_dir("tradewind-trial-"));
    return TrialFolder(std::move(path));
  }
  TrialFolder(TrialFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TrialFolder& operator=(TrialFolder&&) = delete;
  TrialFolder(const TrialFolder&) = delete;
  TrialFolder& operator=(const TrialFolder&) = delete;
  ~TrialFolder() {
    if (!path_.empty()) static_cast<void>(io::remove_tree(path_).ok());
  }
  std::string path() const { return path_.string(); }
  void keep() { path_.clear(); }

 private:
  explicit TrialFolder(io::Path path) : path_(std::move(path)) {}
  io::Path path_;
};

std::vector<Finished> run_checks(Trial& trial, Context& context) {
  std::vector<Finished> all;
  for (const ConformanceCheck& check : provider::conformance_checks()) {
    all.push_back({&check, trial.run(check)});
    if (!context.json) print_finished(all.back(), context);
    if (all.back().outcome.verdict == Verdict::interrupted) break;
  }
  return all;
}

ExitCode exit_code_of(const std::vector<Finished>& all) {
  if (count_of(all, Verdict::interrupted) > 0) return ExitCode::interrupted;
  return count_of(all, Verdict::broken) > 0 ? ExitCode::failed : ExitCode::done;
}

json::value report_json(const std::vector<Finished>& all, const Offer& offer, const Trial::Extent& extent) {
  json::array checks;
  for (const Finished& each : all) checks.push_back(finished_json(each));
  return json::object{
      {"offer", offer_key(offer)},           {"price_per_hour", to_json(offer.price_per_hour)},
      {"launches_at_most", extent.launches}, {"cost_at_most", to_json(extent.most)},
      {"checks", std::move(checks)},         {"conforms", exit_code_of(all) == ExitCode::done},
      {"nothing_left", !left_something(all)}};
}

provider::TrialOptions trial_options(const ProviderTestOptions& options, const Offer& offer, Duration timeout,
                                     const Context& context) {
  provider::TrialOptions trial;
  trial.offer = offer;
  trial.capacity = options.capacity;
  trial.patience = std::max(trial.patience, 3 * timeout);
  trial.agent_arguments = {"idle",
                           "--for=" + std::to_string(trial.hard_limit / std::chrono::seconds(1)) + "s"};
  trial.interrupted = [&context] { return context.interrupted.load(); };
  return trial;
}

}  // namespace

Result<ExitCode> run_provider_test(const ProviderTestOptions& options, Context& context) {
  Duration timeout = default_timeout;
  if (!options.timeout.empty()) {
    TW_ASSIGN_OR_RETURN(timeout, parse_duration(options.timeout));
  }
  TW_ASSIGN_OR_RETURN(TrialFolder folder, TrialFolder::make());
  const SupplierOnTrial supplier{options.command, timeout, folder.path()};
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<provider::Provider> first,
                      context.wiring.supplier_on_trial(supplier));
  TW_ASSIGN_OR_RETURN(const std::vector<Offer> offers, first->offers({}));
  TW_ASSIGN_OR_RETURN(const Offer offer, choose(offers, options.offer));
  TW_ASSIGN_OR_RETURN(const std::unique_ptr<provider::Provider> second,
                      context.wiring.supplier_on_trial(supplier));
  const auto seed = static_cast<std::uint64_t>(context.clock.now().time_since_epoch().count());
  Trial trial(*first, *second, context.clock, Random((seed << 20) ^ static_cast<std::uint64_t>(::getpid())),
              trial_options(options, offer, timeout, context));
  const Trial::Extent extent = trial.extent();
  context.err << wrap(extent_text(extent, offer), context.terminal.width, "") << std::flush;
  if (offer.price_per_hour.nanos() > 0 && !options.yes)
    return Error{Code::unauthorized, "nothing was launched: the offer is not free",
                 "say --yes to launch it, or name another by --offer"};
  const std::vector<Finished> all = run_checks(trial, context);
  if (left_something(all)) {
    print_warning(context, "what the program knows of the instances that are left lies in " + folder.path());
    folder.keep();
  }
  if (context.json) {
    print_json(context, report_json(all, offer, extent));
  } else {
    print_summary(all, context);
  }
  return exit_code_of(all);
}

}  // namespace tradewind::cli
