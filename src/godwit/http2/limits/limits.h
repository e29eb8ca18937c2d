#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "godwit/base/time.h"

// Fixed bounds against peers that cost more than they are worth (RFC 9113 section 10.5). Going past one ends the
// connection with ENHANCE_YOUR_CALM, unless the line says otherwise. What a user may reasonably want to change is in
// connection/options.h instead.
namespace godwit::http2::limits {

// --- Header blocks: CONTINUATION flood, HPACK bombs ---

// A block may be this much longer, before decoding, than the header list may be after it. Bounds what is collected
// from HEADERS and CONTINUATION; honest encoders do not expand fields at all.
inline constexpr std::size_t kHeaderBlockSlack = 16 << 10;
// CONTINUATION frames of one block, besides the one for each 16 KiB that the block bound allows. Empty or tiny frames
// would otherwise go on for ever without reaching that bound.
inline constexpr std::uint32_t kContinuationFrames = 8;
// HPACK bombs need no bound of their own: the decoder stops adding fields at Options::max_header_list_size.

// --- Rapid reset (CVE-2023-44487, and CVE-2025-8671 where the peer makes us reset) ---

// Streams that ended by RST_STREAM in either direction before the peer's request was answered, in a burst ...
inline constexpr std::int32_t kResetBurst = 1000;
// ... and how many more each second allows. A stream that ends as it should allows one more, too, so a busy client that
// cancels half of its calls is never stopped.
inline constexpr std::int32_t kResetsPerSecond = 200;

// --- Frames that carry nothing: floods of SETTINGS, PING, WINDOW_UPDATE, PRIORITY, empty DATA, unknown types ---

// Points that are there at the beginning, at most ...
inline constexpr std::int32_t kOverheadBurst = 10'000;
// ... come back with time ...
inline constexpr std::int32_t kOverheadPerSecond = 1'000;
// ... and with each frame that does carry something (HEADERS of a new stream, DATA in either direction): honest peers
// send up to two WINDOW_UPDATEs and a PING for each DATA frame.
inline constexpr std::int32_t kOverheadCredit = 4;
// What frames cost: about in proportion to the work they make.
inline constexpr std::int32_t kCheapFrameCost = 1;     // WINDOW_UPDATE, PRIORITY, unknown, empty DATA, late frames
inline constexpr std::int32_t kPingCost = 2;           // is answered
inline constexpr std::int32_t kRefusedStreamCost = 2;  // a stream above the limit: decoded and answered
inline constexpr std::int32_t kSettingsCost = 20;      // is answered, and may touch every stream
inline constexpr std::int32_t kGoawayCost = 20;        // touches every stream

// --- A peer that does not read ---

// Answers in output() above which the peer is not read any more (Connection::wants_read()). Not an error: TCP holds
// the peer back. Well above Options::output_high, so that DATA alone never gets there.
inline constexpr std::size_t kOutputStopReading = 1 << 20;
// Bytes in output() at which the connection is given up, for byte streams that go on reading all the same.
inline constexpr std::size_t kOutputAbandon = 32 << 20;

// --- Streams ---

// What a client may open before the peer's SETTINGS came (section 6.5.2 recommends servers not to allow less).
inline constexpr std::uint32_t kStreamsBeforeSettings = 100;
// Ids that we reset and whose late frames are ignored. Frames for streams reset before these are answered with
// RST_STREAM(STREAM_CLOSED). Not a reason to end the connection.
inline constexpr std::size_t kRememberedResets = 128;

// --- Times ---

// How long the first GOAWAY of a graceful shutdown waits for the PING beside it.
inline constexpr Duration kGoawayGrace = std::chrono::seconds(2);

// --- Auto-tuning of receive windows ---

// Pause between two probes when the last one showed that the window is large enough; doubles up to the maximum.
inline constexpr Duration kProbePauseMin = std::chrono::milliseconds(100);
inline constexpr Duration kProbePauseMax = std::chrono::seconds(10);

// --- The first bytes of a peer that does not speak HTTP/2 ---

// How much of them is kept to say what it speaks instead.
inline constexpr std::size_t kForeignPrefaceBytes = 128;

}  // namespace godwit::http2::limits
