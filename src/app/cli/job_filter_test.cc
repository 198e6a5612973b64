#include "app/cli/job_filter.h"

#include <gtest/gtest.h>

#include "app/cli/jobs_table.h"
#include "core/model/records.h"

namespace tradewind::cli {
namespace {

api::JobSummary job(const std::string& name, const std::string& state) {
  api::JobSummary job;
  job.id = JobId("j-" + name);
  job.name = name;
  job.state = state;
  return job;
}

TEST(JobFilterTest, OursAndSlurmsWordsMeanTheSame) {
  const JobFilter ours = *make_job_filter("running,queued,waiting", "");
  EXPECT_EQ(make_job_filter("R,PD", "")->states, ours.states);
  EXPECT_EQ(make_job_filter("RUNNING,pending", "")->states, ours.states);
  EXPECT_TRUE(ours.fits(job("a", "running")));
  EXPECT_FALSE(ours.fits(job("a", "failed")));
  EXPECT_FALSE(ours.is_done_by_server()) << "it takes one state";
  EXPECT_EQ(make_job_filter("failed", "")->server_state(), "failed");
  EXPECT_EQ(make_job_filter("live", "")->server_state(), "live");
  EXPECT_TRUE(make_job_filter("live", "")->is_done_by_server());
  EXPECT_TRUE(make_job_filter("", "")->fits(job("a", "cancelled")));
  EXPECT_TRUE(make_job_filter("R,all", "")->states.empty());
}

TEST(JobFilterTest, AWrongStateIsToldWithANearWord) {
  const auto wrong = make_job_filter("runing", "");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().message, "no job has the state 'runing'");
  EXPECT_EQ(wrong.error().hint, "did you mean 'running'?");
}

TEST(JobFilterTest, AnArraysNameIsThatOfItsElements) {
  const JobFilter sweep = *make_job_filter("", "sweep");
  EXPECT_TRUE(sweep.fits(job("sweep", "running")));
  EXPECT_TRUE(sweep.fits(job("sweep_12", "running")));
  EXPECT_FALSE(sweep.fits(job("sweep_x", "running")));
  EXPECT_FALSE(sweep.fits(job("sweeper", "running")));
  EXPECT_FALSE(sweep.is_done_by_server());
}

TEST(JobFilterTest, EveryStateOfAJobHasItsLetters) {
  for (const JobState state :
       {JobState::queued, JobState::starting, JobState::running, JobState::recovering, JobState::waiting,
        JobState::stopping, JobState::succeeded, JobState::failed, JobState::cancelled}) {
    EXPECT_NE(slurm_letters(std::string(to_text(state))), "-") << to_text(state);
    EXPECT_EQ(is_over(std::string(to_text(state))), is_final(state)) << to_text(state);
  }
}

TEST(JobsTableTest, WideAddsColumnsAndChangesNoOther) {
  api::JobSummary running = job("train", "running");
  running.location = "aws/us-east-1";
  running.instance_type = "p5.48xlarge";
  running.purchase = "spot";
  running.step = 5;
  running.total_steps = 10;
  running.eta = std::chrono::seconds(90);
  running.reason = "cheapest";
  const Time now{std::chrono::seconds(60)};
  EXPECT_EQ(render(jobs_table({running}, now, false), 0, false),
            "ID       NAME   STATE    STEP  WHERE          TRIES        TIME   COST\n"
            "j-train  train  running  5/10  aws/us-east-1      0  ETA 1m 30s  $0.00\n");
  EXPECT_EQ(
      render(jobs_table({running}, now, true), 0, false),
      "ID       NAME   STATE    STEP     ETA  WHERE          INSTANCE          TRIES     AGE   COST  REASON\n"
      "j-train  train  running  5/10  1m 30s  aws/us-east-1  p5.48xlarge spot      0  1m 00s  $0.00  "
      "cheapest\n");
}

}  // namespace
}  // namespace tradewind::cli
