// Every bound of the service in one place, with its unit in its name, and the relations between
// them asserted when the module is loaded. What an operator may change lives in config.ts; what is
// here is fixed, so that memory and waiting time are known before the first call.
// The core has its own bounds (dsp/limits.ts); the host compares both when it loads the module.
import { assert } from "./assert.ts";

// Time raster (decision 15, S2-03).
export const FRAME_MS = 20;
export const FRAMES_PER_SECOND = 1000 / FRAME_MS;
/** One VAD window at 8 and at 16 kHz; a frame is shorter, so it completes at most one. */
export const VAD_WINDOW_MS = 32;

// Core slots (decisions 1, 17).
export const SLOTS = 1024;
export const SLOT_BYTES_MAX = 160 * 1024;
export const CAPTURE_RING_MS = 2_000;
export const PLAYBACK_RING_MS = 1_000;
/** Audio kept before an onset; a call may ask for less (S1-19). */
export const PRE_ROLL_MS_MAX = 1_000;
/** A model beside the core may be this far behind before its answer counts as 0 (decision 3). */
export const VAD_WINDOWS_BEHIND_MAX = 8;

// Pacing (decision 9, S1-81).
/** Frames sent ahead of real time when a segment starts, and the most that catches up. */
export const LEAD_FRAMES = 3;
export const LEAD_MS = LEAD_FRAMES * FRAME_MS;
export const LEAD_MS_MAX = 100;
export const PACER_WHEEL_MS = 5;
/** Audio that must wait before a segment starts: for least delay, and for fewest gaps. */
export const PREBUFFER_LATENCY_MS = LEAD_MS;
export const PREBUFFER_QUALITY_MS = 200;
/** Silence sent for an answer that stopped coming; after it nothing is sent until it goes on. */
export const FILLER_MS_MAX = 500;

// Queues of one call (decisions 5, 8, 16, 17).
/** Appends are gathered up to this long and flushed with the commit. */
export const APPEND_GATHER_MS = 100;
/** The provider refuses to commit less audio than this. */
export const COMMIT_MS_MIN = 100;
/** Caller audio kept while the upstream is not ready yet. */
export const EARLY_AUDIO_MS = 2_000;
export const TURN_TAPE_MS = 60_000;
/** Undelivered answer audio; over it the upstream socket is paused. */
export const ANSWER_QUEUE_MS = 300_000;
/** Where reading from the upstream stops and goes on; what is on its way must still fit. */
export const ANSWER_QUEUE_HIGH_MS = 240_000;
export const ANSWER_QUEUE_LOW_MS = 120_000;
/** Longer things live in pooled blocks of this length. */
export const AUDIO_BLOCK_MS = 1_000;
export const GAP_FILL_MS_MAX = 10_000;
/** No media for this long while speech is open: the pacer tick feeds silence. */
export const GAP_SILENCE_AFTER_MS = 100;

// Caller sockets (decision 7).
export const MESSAGE_BYTES_MAX = 64 * 1024;
export const BACKPRESSURE_BYTES_MAX = 256 * 1024;
export const SOCKET_IDLE_SECONDS = 16;
export const HTTP_IDLE_SECONDS = 10;
export const HTTP_BODY_BYTES_MAX = 64 * 1024;
export const START_TIMEOUT_MS = 5_000;
export const MESSAGE_TIMEOUT_MS = 10_000;
/** A caller may send this much faster than real time, after a burst. */
export const INFLOW_RATE_MAX = 1.5;
export const INFLOW_BURST_MS = 2_000;
/** Share of one second's samples that may be NaN or infinite. */
export const NON_FINITE_SHARE_MAX = 0.01;
/** Messages in a row with an odd byte count before the call is closed. */
export const ODD_MESSAGES_MAX = 10;
/** After a quiet time a caller may catch up with this much at once: the longest gap and a burst. */
export const INFLOW_CREDIT_MS_MAX = 12_000;
/** Messages of any kind: four times what 20 ms chunks need, and the same stall. */
export const MESSAGES_PER_SECOND_MAX = 200;
export const MESSAGES_CREDIT_MAX = 2_000;
/** What a message holds besides audio costs one message more for each of so many bytes. */
export const MESSAGE_OVERHEAD_BYTES = 256;
/** A caller that leaves this much unread, or anything for this long, reads too slowly. */
export const UNREAD_BYTES_MAX = 192 * 1024;
export const UNREAD_MS_MAX = 5_000;
/** The longest reason a close frame can carry. */
export const CLOSE_REASON_BYTES_MAX = 123;
/** What the operator configures; a caller's own is shorter. */
export const INSTRUCTIONS_BYTES_MAX = 32 * 1024;
export const CALLER_INSTRUCTIONS_BYTES_MAX = 16 * 1024;
export const GREETING_BYTES_MAX = 2 * 1024;
export const TEXT_BYTES_MAX = 8 * 1024;
export const METADATA_ENTRIES_MAX = 32;
export const METADATA_BYTES_MAX = 8 * 1024;
/** A voice or an engine. */
export const NAME_BYTES_MAX = 128;
export const CALLER_TOKEN_BYTES_MAX = 4 * 1024;
export const DTMF_DIGITS_MAX = 32;
export const END_REASON_BYTES_MAX = 128;
/** Nesting of a protobuf message; ours nest twice. */
export const WIRE_DEPTH_MAX = 16;
/** Addresses whose upgrades are counted one by one; further ones share a count. */
export const ADDRESSES_MAX = 10_000;
/** Upgrades of one address are counted over this time (setting `upgradesPerAddress`). */
export const UPGRADES_WINDOW_MS = 10_000;
export const RETRY_AFTER_SECONDS = 5;

// Twilio.
export const TWILIO_RATE_HZ = 8_000;
export const TWILIO_TOKEN_TTL_MS = 60_000;
/** Tokens of one TTL that are remembered as used; with more than that, upgrades are refused. */
export const TWILIO_TOKENS_MAX = 10_000;
export const TWILIO_MARK_SPACING_MS = 100;
/** Audio of one media message. */
export const TWILIO_MEDIA_MS_MAX = 200;
/** The same in bytes of G.711. */
export const TWILIO_MEDIA_BYTES_MAX = 1_600;
/** No message for this long: a mark is sent, whose echo shows that the far end lives. */
export const TWILIO_PROBE_MS = 5_000;

// Upstream sockets (anchors-reliability 3.3, 7).
export const UPSTREAM_MESSAGE_BYTES_MAX = 1024 * 1024;
export const UPSTREAM_BUFFERED_BYTES_MAX = 256 * 1024;
/** Commands may be queued behind full audio this far, so that a cancel still gets out. */
export const UPSTREAM_COMMAND_RESERVE_BYTES = 64 * 1024;
export const UPSTREAM_DIAL_TIMEOUT_MS = 5_000;
/** After our goodbye the socket is ended by force. */
export const UPSTREAM_CLOSE_TIMEOUT_MS = 1_000;
/** Unreadable events in a row before the session is given up. */
export const UPSTREAM_BAD_EVENTS_MAX = 10;
/** Session changes sent and not yet answered. */
export const UPSTREAM_CHANGES_MAX = 16;
export const UPSTREAM_PING_MS = 5_000;
export const UPSTREAM_PONGS_MISSED_MAX = 2;
export const UPSTREAM_BACKOFF_MS_MIN = 100;
export const UPSTREAM_BACKOFF_MS_MAX = 4_000;
export const UPSTREAM_DIALS_PER_SECOND_MAX = 10;
/** A session that lived so long starts the backoff anew when it is lost. */
export const UPSTREAM_STABLE_MS = 30_000;

// Conversation (decision 11, S1-29).
export const RESPONSE_WAIT_MS = 10_000;
/** How far `audio_end_ms` may lie from what the caller heard. */
export const TRUNCATE_ERROR_MS_MAX = 20;

// What is remembered of a caller (S1-33). Characters are UTF-16 units, as JavaScript counts them.
export const CALLER_FACTS_MAX = 20;
export const CALLER_FACT_CHARACTERS_MAX = 200;
export const CALLER_NAME_CHARACTERS_MAX = 80;
export const CALLER_LOCATION_CHARACTERS_MAX = 120;
export const CALLER_TICKERS_MAX = 20;
export const CALLER_SUMMARY_CHARACTERS_MAX = 2_000;
export const CALLER_TOPICS_MAX = 32;
/** One update may name this many facts or tickers; what is behind them is not read. */
export const CONTEXT_UPDATE_ITEMS_MAX = 64;
/** What of it goes into a prompt; the oldest facts go first. */
export const CONTEXT_PROMPT_CHARACTERS_MAX = 8_000;
/** An update that comes again is known by its id: so many ids of one caller are remembered. */
export const UPDATE_IDS_MAX = 64;
export const HISTORY_TEXT_CHARACTERS_MAX = 4_000;
/** Of one caller; the oldest go first. */
export const HISTORY_ENTRIES_MAX = 2_000;
export const CACHE_VALUE_CHARACTERS_MAX = 16_000;
/** Results that one process or one file keeps; the one cached longest ago goes first. */
export const CACHE_RESULTS_MAX = 4_000;
/** Results of one caller in Redis; with one more all of them go. */
export const CACHE_PERSONAL_MAX = 64;
/** Turns between two rolling summaries; one more is written when the call is over. */
export const SUMMARY_TURNS = 10;
export const SUMMARY_MS = 20_000;
export const SUMMARIES_AT_ONCE = 4;
export const SUMMARIES_WAITING_MAX = 64;
/** Words that one summary is written from: the newest. */
export const SUMMARY_SAID_CHARACTERS_MAX = 16_000;
export const SUMMARY_OUTPUT_CHARACTERS_MAX = 16_000;
/** A check of who the caller is that takes longer found nobody. */
export const IDENTITY_MS = 1_000;
/** Callers that the memory store keeps; the one seen longest ago goes first. */
export const MEMORY_CALLERS_MAX = 10_000;

// Text to speech (S2-51, S2-54, S2-58).
/** Sentences that wait to be spoken; the model's writing waits when there are so many. */
export const SPEECH_QUEUE_SENTENCES = 5;
export const SPEECH_CHUNK_MS = 50;
/** What the first chunk of a sentence must have at least. */
export const SPEECH_FIRST_CHUNK_MS = FRAME_MS;
export const SPEECH_JOIN_MS = 20;
/** Chunks held for a listener that paused; with more, the engine is not read. */
export const SPEECH_HELD_CHUNKS = 2 * SPEECH_QUEUE_SENTENCES;
/** Of one push: no model's part is longer. */
export const SPEECH_TEXT_CHARS_MAX = 64 * 1024;
/** Of one interjection, which is spoken whole: what speech services take. */
export const SPEECH_INTERJECTION_CHARS_MAX = 4 * 1024;
/** An engine that gives more audio for one sentence has lost its way. */
export const SPEECH_SENTENCE_MS_MAX = 120_000;

// Stores (decision 8 of the reliability reference: a stopped server answers nothing, for ever).
/** Every promise of a store settles within this; nothing that a caller hears waits for it. */
/** From a tool call to its thinker at work, all of it ours; what takes longer is counted (S1-25). */
export const THINKER_DISPATCH_MS_MAX = 5;
export const STORE_DEADLINE_MS = 1_000;
/** Asked of a store and not answered; one more is refused at once. */
export const STORE_REQUESTS_MAX = 4_096;
/** Updates of one caller that reach Redis in one step. */
export const STORE_BATCH_MAX = 64;
/** A lost store is tried again after this, doubled each time. */
export const STORE_BACKOFF_MS_MIN = 100;
export const STORE_BACKOFF_MS_MAX = 5_000;
/** Writes that wait for a store that is away: so many, and none older. */
export const STORE_QUEUE_MAX = 1_000;
export const STORE_QUEUE_MS = 600_000;
/** A process asks this often whom another one has erased; so many of so long ago are remembered. */
export const ERASURES_EVERY_MS = 2_000;
export const ERASURES_MAX = 10_000;
export const ERASURES_KEPT_MS = 7 * 86_400_000;
/** A store that answers and fails at one act so often will not do it. */
export const STORE_TRIES_MAX = 3;
/** What is forgotten is taken off the disk this often. */
export const STORE_SWEEP_MS = 3_600_000;

// Bytes of one second, for memory budgets.
export const UPSTREAM_RATE_HZ_MAX = 24_000;
export const UPSTREAM_BYTES_PER_SECOND_MAX = UPSTREAM_RATE_HZ_MAX * 2;
/** One 20 ms frame of the widest caller format: 48 kHz, stereo, f32. */
export const CALLER_FRAME_BYTES_MAX = (48_000 / FRAMES_PER_SECOND) * 2 * 4;

assert(Number.isInteger(FRAMES_PER_SECOND), "a second must hold whole frames");
assert(FRAME_MS < VAD_WINDOW_MS, "a frame must complete at most one window");
assert(FRAME_MS % PACER_WHEEL_MS === 0, "the wheel must divide a frame");
assert(LEAD_FRAMES >= 1, "a segment must start with a frame");
assert(LEAD_MS <= LEAD_MS_MAX, "the lead must stay short enough for a barge-in");
assert(LEAD_MS <= PREBUFFER_LATENCY_MS, "a segment must have its lead when it starts");
assert(PREBUFFER_LATENCY_MS < PREBUFFER_QUALITY_MS, "quality must wait longer than latency");
assert(FILLER_MS_MAX > LEAD_MS_MAX, "filler must outlast the lead");
assert(LEAD_MS < PLAYBACK_RING_MS, "the playback ring must hold the lead");
assert(
  PRE_ROLL_MS_MAX + VAD_WINDOWS_BEHIND_MAX * VAD_WINDOW_MS <= CAPTURE_RING_MS,
  "the capture ring must still hold the pre-roll when a late answer names an onset",
);
assert(CAPTURE_RING_MS % FRAME_MS === 0, "the capture ring must hold whole frames");
assert(PLAYBACK_RING_MS % FRAME_MS === 0, "the playback ring must hold whole frames");
assert(APPEND_GATHER_MS % FRAME_MS === 0, "an append must hold whole frames");
assert(EARLY_AUDIO_MS <= CAPTURE_RING_MS, "early audio is read back from the capture ring");
assert(TURN_TAPE_MS % AUDIO_BLOCK_MS === 0, "the turn tape must be whole blocks");
assert(ANSWER_QUEUE_LOW_MS < ANSWER_QUEUE_HIGH_MS, "reading must not flutter");
assert(ANSWER_QUEUE_HIGH_MS < ANSWER_QUEUE_MS, "audio on its way must fit above the high mark");
assert(ANSWER_QUEUE_MS % AUDIO_BLOCK_MS === 0, "the answer queue must be whole blocks");
assert(GAP_FILL_MS_MAX < TURN_TAPE_MS, "a filled gap must fit the turn tape");
assert(GAP_SILENCE_AFTER_MS > 2 * FRAME_MS, "network jitter must not count as a gap");
assert(CALLER_FRAME_BYTES_MAX * 8 <= MESSAGE_BYTES_MAX, "a message must hold eight wide frames");
assert(INSTRUCTIONS_BYTES_MAX * 2 <= MESSAGE_BYTES_MAX, "a start message must fit one message");
assert(
  CALLER_INSTRUCTIONS_BYTES_MAX +
    GREETING_BYTES_MAX +
    METADATA_BYTES_MAX +
    CALLER_TOKEN_BYTES_MAX <=
    MESSAGE_BYTES_MAX,
  "a start with everything in it must fit one message",
);
assert(
  UNREAD_BYTES_MAX + MESSAGE_BYTES_MAX <= BACKPRESSURE_BYTES_MAX,
  "we must close before Bun does",
);
assert(
  GAP_FILL_MS_MAX + INFLOW_BURST_MS <= INFLOW_CREDIT_MS_MAX,
  "the longest gap that is filled must be allowed, and a burst after it",
);
assert(TWILIO_PROBE_MS < MESSAGE_TIMEOUT_MS, "a probe must come back in time");
assert(MESSAGE_BYTES_MAX * 4 <= BACKPRESSURE_BYTES_MAX, "a few messages must fit the send buffer");
assert(START_TIMEOUT_MS <= MESSAGE_TIMEOUT_MS, "the start must not be waited for longest");
assert(INFLOW_RATE_MAX > 1, "real time must be allowed");
assert(TWILIO_MARK_SPACING_MS >= FRAME_MS, "at most one mark per frame");
assert(TWILIO_MEDIA_BYTES_MAX < MESSAGE_BYTES_MAX, "a media message must fit one message");
assert(SPEECH_JOIN_MS <= SPEECH_CHUNK_MS, "a join must fit a chunk");
assert(SPEECH_FIRST_CHUNK_MS <= SPEECH_CHUNK_MS, "a first chunk must be a chunk");
assert(UPSTREAM_BACKOFF_MS_MIN < UPSTREAM_BACKOFF_MS_MAX, "backoff must grow");
assert(
  UPSTREAM_DIALS_PER_SECOND_MAX * UPSTREAM_BACKOFF_MS_MIN <= 1_000,
  "the shortest backoff must keep the dial rate",
);
assert(UPSTREAM_DIAL_TIMEOUT_MS < RESPONSE_WAIT_MS, "a dial must fail before a waiting response");
assert(INSTRUCTIONS_BYTES_MAX <= UPSTREAM_COMMAND_RESERVE_BYTES, "a session change must fit");
assert(UPSTREAM_BUFFERED_BYTES_MAX < UPSTREAM_MESSAGE_BYTES_MAX, "the send cap is the smaller one");
assert(
  CALLER_SUMMARY_CHARACTERS_MAX + CALLER_FACT_CHARACTERS_MAX < CONTEXT_PROMPT_CHARACTERS_MAX,
  "a summary and a fact must fit the prompt",
);
