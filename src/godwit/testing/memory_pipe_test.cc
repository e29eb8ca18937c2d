#include "godwit/testing/memory_pipe.h"

#include <gtest/gtest.h>

#include "godwit/testing/failing_stream.h"
#include "godwit/testing/simulation.h"
#include "godwit/testing/stream_recorder.h"

namespace godwit::testing {
namespace {

TEST(MemoryPipe, FragmentsOfEverySizeCarryAllBytes) {
  for (const std::size_t read_size : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::size_t{100'000}}) {
    Simulation simulation;
    MemoryPipe pipe = make_memory_pipe(simulation.executor(),
                                       {.read_size = read_size, .buffer = 512, .first_info = {}, .second_info = {}});
    StreamRecorder first(std::move(pipe.first)), second(std::move(pipe.second));
    const std::string there(5000, 'a'), back(3000, 'b');
    first.send(there);
    second.send(back);
    first.finish();
    EXPECT_EQ(second.received(), "");  // never from inside
    simulation.run_until_idle();
    EXPECT_EQ(second.received(), there);
    EXPECT_EQ(first.received(), back);
    EXPECT_GE(second.reads(), 5000 / std::min<std::size_t>(read_size, 512));
    EXPECT_TRUE(second.ended());
    EXPECT_FALSE(first.ended());
    second.close();
    simulation.run_until_idle();
    EXPECT_TRUE(first.ended());
    EXPECT_FALSE(first.error());
  }
}

TEST(MemoryPipe, PausedReaderHoldsTheWriterBack) {
  Simulation simulation;
  MemoryPipe pipe =
      make_memory_pipe(simulation.executor(), {.read_size = 100, .buffer = 1000, .first_info = {}, .second_info = {}});
  StreamRecorder first(std::move(pipe.first)), second(std::move(pipe.second));
  second.stream().pause_reading();
  first.send(std::string(5000, 'a'));
  simulation.run_until_idle();
  EXPECT_EQ(second.received().size(), 0u);
  EXPECT_EQ(first.unsent(), 4000u);
  second.stream().resume_reading();
  simulation.run_until_idle();
  EXPECT_EQ(second.received().size(), 5000u);
}

TEST(MemoryPipe, WritingToADestroyedEndIsAnError) {
  Simulation simulation;
  MemoryPipe pipe = make_memory_pipe(simulation.executor());
  StreamRecorder first(std::move(pipe.first));
  pipe.second.reset();
  first.send("hello");
  simulation.run_until_idle();
  EXPECT_EQ(first.error_text(), "connection with memory:second: Broken pipe");
}

// The idiom: fail on the Nth operation until a run succeeds; every run ends with a result.
TEST(FailingStream, VisitsEveryOperation) {
  std::uint64_t fail_at = 1;
  for (;; ++fail_at) {
    ASSERT_LT(fail_at, 100u);
    Simulation simulation;
    FailCount count(fail_at);
    MemoryPipe pipe =
        make_memory_pipe(simulation.executor(), {.read_size = 10, .buffer = 25, .first_info = {}, .second_info = {}});
    StreamRecorder first(make_failing_stream(simulation.executor(), std::move(pipe.first), count));
    StreamRecorder second(std::move(pipe.second));
    first.send(std::string(60, 'a'));
    first.finish();
    second.send(std::string(20, 'b'));
    second.finish();
    EXPECT_EQ(simulation.run_until_idle(), RunEnd::kIdle);
    if (!count.failed()) {
      EXPECT_TRUE(first.ended());
      EXPECT_EQ(second.received().size(), 60u);
      break;
    }
    EXPECT_EQ(first.error_text().substr(0, 31), "simulated failure of operation ") << fail_at;
    EXPECT_TRUE(second.over());
  }
  EXPECT_GE(fail_at, 9u);  // start, at least 3 writes, shutdown, 2 reads, end; then the run that succeeds
}

}  // namespace
}  // namespace godwit::testing
