/**
 * DDR3 behind the LLC (rocket-timing.md 8): ranks and banks with open rows, command timings, refresh. Times are memory cycles.
 *
 * A request is planned when it comes: it gets the first command slots that the state of its bank, rank and channel allow. Requests
 * to other banks overlap, and a row hit passes what waits for another row elsewhere, as first-ready scheduling has it; what
 * cannot be seen is a later request that would have passed an earlier one of the same bank.
 */
import {
  P_DRAM_BACKEND,
  P_DRAM_BANKS,
  P_DRAM_CAS,
  P_DRAM_CCD,
  P_DRAM_CWD,
  P_DRAM_FAW,
  P_DRAM_FRONTEND,
  P_DRAM_RANKS,
  P_DRAM_RAS,
  P_DRAM_RCD,
  P_DRAM_REFI,
  P_DRAM_RFC,
  P_DRAM_ROW_BYTES,
  P_DRAM_RP,
  P_DRAM_RRD,
  P_DRAM_RTP,
  P_DRAM_RTRS,
  P_DRAM_WR,
  P_DRAM_WTR,
} from '../../src/timing/parameter-slots';
import {
  COUNT_DRAM_CLOSED,
  COUNT_DRAM_CONFLICT,
  COUNT_DRAM_REFRESH,
  COUNT_DRAM_ROW_HIT,
} from '../../src/timing/counted-events';
import { count } from './counters';
import {
  BANK_ACTIVATED,
  BANK_EPOCH,
  BANK_PRECHARGE,
  BANK_ROW,
  BANK_SIZE,
  CHANNEL_COLUMN,
  CHANNEL_NEWEST,
  CHANNEL_RANK,
  DRAM_BANKS,
  DRAM_RANKS,
  RANK_ACTIVATIONS,
  RANK_READ,
  RANK_SIZE,
} from './layout';
import { parameter } from './parts';

/** Request that waits: it may not be held up by what comes later. */
let ordered: bool = true;

/** `earliest`, or `gap` cycles behind `event` (0 = it never happened) where that is later and binds this request. */
@inline
function behind(earliest: u64, event: u64, gap: i32): u64 {
  return ordered && event != 0 ? max(earliest, event + gap) : earliest;
}

/** First cycle at or after `time` in which the rank is not refreshed. Every row is closed by a refresh. */
function outsideRefresh(h: i32, time: u64): u64 {
  const interval = u64(parameter(P_DRAM_REFI));
  if (interval == 0 || time < interval) return time;
  const end = time - (time % interval) + u64(parameter(P_DRAM_RFC));
  if (time >= end) return time;
  count(h, COUNT_DRAM_REFRESH);
  return end;
}

@inline
function epochOf(time: u64): u32 {
  const interval = parameter(P_DRAM_REFI);
  return interval == 0 ? 0 : u32(time / u64(interval));
}

/** Activates a row, at the earliest at `time`; returns when. At most four activations of a rank in tFAW. */
function activate(rank: i32, time: u64): u64 {
  const activations = rank + RANK_ACTIVATIONS;
  let at = behind(time, load<u64>(activations), parameter(P_DRAM_RRD));
  at = behind(at, load<u64>(activations + 24), parameter(P_DRAM_FAW));
  if (!ordered) return at;
  memory.copy(activations + 8, activations, 24);
  store<u64>(activations, at);
  return at;
}

/** Plans the column access of a block that comes at `time`; returns when its command is given. */
function column(h: i32, time: u64, address: u64, isWrite: bool): u64 {
  const row = u32(address / parameter(P_DRAM_ROW_BYTES));
  const banks = parameter(P_DRAM_BANKS);
  const ranks = parameter(P_DRAM_RANKS);
  const bankNumber = row % (banks * ranks);
  const bank = DRAM_BANKS + bankNumber * BANK_SIZE;
  const rankNumber = bankNumber / banks;
  const rank = DRAM_RANKS + rankNumber * RANK_SIZE;
  // A hart that runs behind asks for a time that others have passed: only what is open counts then.
  ordered = time >= load<u64>(CHANNEL_NEWEST);
  if (ordered && !isWrite) store<u64>(CHANNEL_NEWEST, time);

  let at = outsideRefresh(h, time + parameter(P_DRAM_FRONTEND));
  const wanted = row / (banks * ranks) + 1;
  const open = load<u32>(bank + BANK_ROW);
  const epoch = epochOf(at);
  const closed = open == 0 || load<u32>(bank + BANK_EPOCH) != epoch;
  if (closed || open != wanted) {
    if (closed) {
      count(h, COUNT_DRAM_CLOSED);
    } else {
      count(h, COUNT_DRAM_CONFLICT);
      at = behind(at, load<u64>(bank + BANK_ACTIVATED), parameter(P_DRAM_RAS));
      at = behind(at, load<u64>(bank + BANK_PRECHARGE), 0) + parameter(P_DRAM_RP);
    }
    at = activate(rank, at);
    store<u32>(bank + BANK_ROW, wanted);
    store<u32>(bank + BANK_EPOCH, epoch);
    if (ordered) store<u64>(bank + BANK_ACTIVATED, at);
    at += parameter(P_DRAM_RCD);
  } else {
    count(h, COUNT_DRAM_ROW_HIT);
    at = behind(at, load<u64>(bank + BANK_ACTIVATED), parameter(P_DRAM_RCD));
  }

  const other = load<i32>(CHANNEL_RANK) != rankNumber ? parameter(P_DRAM_RTRS) : 0;
  at = behind(at, load<u64>(CHANNEL_COLUMN), parameter(P_DRAM_CCD) + other);
  if (!isWrite) at = behind(at, load<u64>(rank + RANK_READ), 0);
  if (!ordered) return at;
  store<u64>(CHANNEL_COLUMN, at);
  store<i32>(CHANNEL_RANK, rankNumber);
  if (isWrite) {
    const end = at + parameter(P_DRAM_CWD) + parameter(P_DRAM_CCD);
    store<u64>(rank + RANK_READ, end + parameter(P_DRAM_WTR));
    store<u64>(bank + BANK_PRECHARGE, end + parameter(P_DRAM_WR));
  } else {
    store<u64>(bank + BANK_PRECHARGE, at + parameter(P_DRAM_RTP));
  }
  return at;
}

/** Reads the block at `address`; the request comes at `time`. Returns the cycle of its first beat. */
export function dramRead(h: i32, time: u64, address: u64): u64 {
  return column(h, time, address, false) + parameter(P_DRAM_CAS) + parameter(P_DRAM_BACKEND);
}

/** Writes a block: nobody waits for it, but what it opens and occupies stays. */
export function dramWrite(h: i32, time: u64, address: u64): void {
  column(h, time, address, true);
}
