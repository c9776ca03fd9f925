/**
 * The one static window of the core's linear memory. Nothing is allocated, nothing grows (32 pages, 2 MiB).
 *
 *   0        16 KiB    32 KiB       48 KiB       176 KiB  241 KiB    306 KiB            1.86 MiB  1.87 MiB        2 MiB
 *   | STATIC | SCRATCH | HASH       | HASH_KEYS  | INPUT  | OUTPUT   | SLOTS              | SPARE   | BATCH | free |
 *   | consts | GCM     | SHA, HMAC, | midstates  | 65 KiB | 65 KiB   | expanded AES keys  | one key | its   |      |
 *   |        | state   | HKDF state | 1024 x 128 |        |          | and their H powers |         | parts |      |
 *
 * INPUT and OUTPUT end with 1 KiB of padding, so that a v128 load at the last byte stays inside the window.
 *
 * GCM works in place: the message lies in INPUT and becomes the result there, its additional data lies in OUTPUT.
 *
 *   SCRATCH  0       16    32      48         64       192       208     224      352        608
 *            | NONCE | TAG | SUM   | TAG_MASK | STREAM | LENGTHS | PHASE | PLANES | NIBBLES  |
 *            | 12 B  |     | GHASH | E(J0)    | of 8   | last    |       | of 8   | 8 blocks |
 *            | + 0   |     | so far|          | blocks | block   |       | blocks | queued   |
 *
 *   SLOT     0        4       8      12      16                  1936                    6032         6272       6400
 *            | rounds | ready | used | known | round keys as     | H^8, H^7 .. H^1 as    | round keys | H .. H^8 | lengths |
 *            |        | H^i   |      |       | 15 x 8 planes     | tables of 512 bytes   | as blocks  |          | and H   |
 */

/** Bytes of data one call takes at the most; longer inputs are cut into calls of this size by the caller. */
// @ts-ignore: decorator
@inline export const CHUNK_BYTES: usize = 65536;

/** GCM working state: message state, counters, partial blocks. Wiped when a message ends. */
// @ts-ignore: decorator
@inline export const SCRATCH: usize = 16384;
// @ts-ignore: decorator
@inline export const SCRATCH_BYTES: usize = 16384;

/** Hash, HMAC and HKDF working state. Wiped when an operation ends. */
// @ts-ignore: decorator
@inline export const HASH: usize = 32768;
// @ts-ignore: decorator
@inline export const HASH_BYTES: usize = 16384;

/** HMAC keys held under handles as inner and outer midstates. */
// @ts-ignore: decorator
@inline export const HASH_KEYS: usize = 49152;
// @ts-ignore: decorator
@inline export const HASH_KEY_BYTES: usize = 128;
// @ts-ignore: decorator
@inline export const HASH_KEY_COUNT: usize = 1024;

// @ts-ignore: decorator
@inline export const INPUT: usize = 180224;
// @ts-ignore: decorator
@inline export const OUTPUT: usize = 246784;

/** AES key slots, and one more for the key of a single message. */
// @ts-ignore: decorator
@inline export const SLOTS: usize = 313344;
// @ts-ignore: decorator
@inline export const MEMORY_BYTES: usize = 2097152;
// @ts-ignore: decorator
@inline export const SLOT_BYTES: usize = 6432;
// @ts-ignore: decorator
@inline export const SLOT_COUNT: usize = 256;
// @ts-ignore: decorator
@inline export const SPARE: usize = 1959936;

/**
 * Records that go through one call together: data lies in INPUT end to end (each sealed one with its tag), additional
 * data in OUTPUT, the rest here.
 */
// @ts-ignore: decorator
@inline export const BATCH: usize = 1966368;
// @ts-ignore: decorator
@inline export const BATCH_COUNT: usize = 1024;
/** 12 bytes each. */
// @ts-ignore: decorator
@inline export const NONCES: usize = BATCH;
/** The bytes of each record's data and additional data, u32. These are public. */
// @ts-ignore: decorator
@inline export const DATA_LENGTHS: usize = BATCH + 12352;
// @ts-ignore: decorator
@inline export const AAD_LENGTHS: usize = BATCH + 16448;
/** The bytes of the info that each record's key is derived from, where each has its own. */
// @ts-ignore: decorator
@inline export const INFO_LENGTHS: usize = BATCH + 20544;
/** 1 for each record that was refused. */
// @ts-ignore: decorator
@inline export const REFUSALS: usize = BATCH + 24640;
/** Eight blocks on their way into the cipher, and what came out for all records of a group. */
// @ts-ignore: decorator
@inline export const COUNTERS: usize = BATCH + 25664;
// @ts-ignore: decorator
@inline export const KEY_STREAM: usize = BATCH + 25792;
/** The round keys of eight records, 256 bytes apart, then their planes, and the derived keys of all records. */
// @ts-ignore: decorator
@inline export const SCHEDULES: usize = BATCH + 91840;
// @ts-ignore: decorator
@inline export const LANE_KEYS: usize = BATCH + 93888;
// @ts-ignore: decorator
@inline export const DERIVED: usize = BATCH + 95808;

/**
 * In a slot: the rounds of its key (0 if there is none), how many powers of H are ready, whether it was used before, and
 * whether PRODUCT is known.
 */
// @ts-ignore: decorator
@inline export const ROUNDS: usize = 0;
// @ts-ignore: decorator
@inline export const READY: usize = 4;
// @ts-ignore: decorator
@inline export const USED: usize = 8;
// @ts-ignore: decorator
@inline export const KNOWN: usize = 12;
// @ts-ignore: decorator
@inline export const ROUND_KEYS: usize = 16;
/** The tables of the powers of H, the eighth first: 32 rows of 16 bytes each, one row a nibble of H^i. */
// @ts-ignore: decorator
@inline export const POWERS: usize = 1936;
// @ts-ignore: decorator
@inline export const POWER_BYTES: usize = 512;
// @ts-ignore: decorator
@inline export const SCHEDULE: usize = 6032;
/** The powers of H themselves, the first one first; bit n of each is x^n. */
// @ts-ignore: decorator
@inline export const FACTORS: usize = 6272;
/** The last block of the last message, which is its lengths, and that block times H, which equal messages share. */
// @ts-ignore: decorator
@inline export const LAST_LENGTHS: usize = 6400;
// @ts-ignore: decorator
@inline export const PRODUCT: usize = 6416;

/** The 12 bytes of the nonce; the four after them stay zero. */
// @ts-ignore: decorator
@inline export const NONCE: usize = SCRATCH;
/** The tag that came with a sealed message. */
// @ts-ignore: decorator
@inline export const TAG: usize = SCRATCH + 16;
/** GHASH so far, in the byte and bit order of SP 800-38D. */
// @ts-ignore: decorator
@inline export const SUM: usize = SCRATCH + 32;
/** E(J0), which hides GHASH in the tag. */
// @ts-ignore: decorator
@inline export const TAG_MASK: usize = SCRATCH + 48;
/** Eight blocks of key stream. */
// @ts-ignore: decorator
@inline export const STREAM: usize = SCRATCH + 64;
/** The block that ends GHASH. */
// @ts-ignore: decorator
@inline export const LENGTHS: usize = SCRATCH + 192;
/** What the message under way takes next; 0 if there is none. */
// @ts-ignore: decorator
@inline export const PHASE: usize = SCRATCH + 208;
/** Eight blocks bitsliced, on their way into the cipher. */
// @ts-ignore: decorator
@inline export const PLANES: usize = SCRATCH + 224;
/** Up to eight blocks that wait for GHASH, each as 16 high and 16 low nibbles. */
// @ts-ignore: decorator
@inline export const NIBBLES: usize = SCRATCH + 352;
/** All of SCRATCH that is in use, up to the next multiple of 128. */
// @ts-ignore: decorator
@inline export const GCM_BYTES: usize = 640;
