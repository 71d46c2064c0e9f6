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
import { reserve } from './calendar';
import { count } from './counters';
import {
  BANK_ACTIVATED,
  BANK_CAME,
  BANK_EPOCH,
  BANK_PRECHARGE,
  BANK_ROW,
  BANK_SIZE,
  CHANNEL_RANK,
  DRAM_BANKS,
  DRAM_CALENDAR,
  DRAM_RANKS,
  REFRESH_BEGIN,
  REFRESH_EPOCH,
  RANK_ACTIVATIONS,
  RANK_CAME,
  RANK_READ,
  RANK_SIZE,
} from './layout';
import { parameter } from './parts';

/** `earliest`, or `gap` cycles behind `event` (0 = it never happened) where that is later. */
@inline
function behind(earliest: u64, event: u64, gap: i32): u64 {
  return event != 0 ? max(earliest, event + gap) : earliest;
}

/** Number of refreshes before a cycle, as left by outsideRefresh. */
let epoch: u32 = 0;

/** First cycle at or after `time` in which the ranks are not refreshed. Every row is closed by a refresh. */
@inline
function outsideRefresh(h: i32, time: u64): u64 {
  const interval = u64(parameter(P_DRAM_REFI));
  epoch = 0;
  if (interval == 0) return time;
  // Times come close together: the interval of the last one is looked at first.
  let begin = load<u64>(REFRESH_BEGIN);
  if (time - begin >= interval) {
    begin = time - (time % interval);
    store<u64>(REFRESH_BEGIN, begin);
    store<u32>(REFRESH_EPOCH, u32(begin / interval));
  }
  epoch = load<u32>(REFRESH_EPOCH);
  const end = begin + u64(parameter(P_DRAM_RFC));
  if (epoch == 0 || time >= end) return time;
  count(h, COUNT_DRAM_REFRESH);
  return end;
}

/** Activates a row, at the earliest at `time`; returns when. At most four activations of a rank in tFAW. */
@inline
function activate(rank: i32, time: u64): u64 {
  const activations = rank + RANK_ACTIVATIONS;
  let at = behind(time, load<u64>(activations), parameter(P_DRAM_RRD));
  at = behind(at, load<u64>(activations, 24), parameter(P_DRAM_FAW));
  store<u64>(activations, load<u64>(activations, 16), 24);
  store<u64>(activations, load<u64>(activations, 8), 16);
  store<u64>(activations, load<u64>(activations), 8);
  store<u64>(activations, at);
  return at;
}

/** True = nothing that came later has been planned there; `came` = address of the time of the newest request. */
@inline
function inOrder(came: i32, time: u64): bool {
  if (time < load<u64>(came)) return false;
  store<u64>(came, time);
  return true;
}

/**
 * Plans the column access of a block that comes at `time`; returns when its command is given. Harts run in turns: a request that lies
 * before others of its bank or rank in time is not held up by them; only which row is open is as they left it.
 */
function column(h: i32, time: u64, address: u64, isWrite: bool): u64 {
  // All sizes are powers of two.
  const row = u32(address >> u64(ctz(parameter(P_DRAM_ROW_BYTES))));
  const bankBits = ctz(parameter(P_DRAM_BANKS));
  const allBits = bankBits + ctz(parameter(P_DRAM_RANKS));
  const bankNumber = row & ((1 << allBits) - 1);
  const bank = DRAM_BANKS + bankNumber * BANK_SIZE;
  const rankNumber = bankNumber >> bankBits;
  const rank = DRAM_RANKS + rankNumber * RANK_SIZE;
  const bankOrdered = inOrder(bank + BANK_CAME, time);
  const rankOrdered = inOrder(rank + RANK_CAME, time);

  let at = outsideRefresh(h, time + parameter(P_DRAM_FRONTEND));
  const wanted = (row >> allBits) + 1;
  const open = load<u32>(bank, BANK_ROW);
  const closed = open == 0 || load<u32>(bank, BANK_EPOCH) != epoch;
  if (closed || open != wanted) {
    count(h, closed ? COUNT_DRAM_CLOSED : COUNT_DRAM_CONFLICT);
    let precharged = at;
    if (bankOrdered) {
      precharged = behind(precharged, load<u64>(bank, BANK_ACTIVATED), parameter(P_DRAM_RAS));
      precharged = max(precharged, load<u64>(bank, BANK_PRECHARGE));
    }
    at = closed ? at : precharged + parameter(P_DRAM_RP);
    if (rankOrdered) at = activate(rank, at);
    store<u32>(bank, wanted, BANK_ROW);
    store<u32>(bank, epoch, BANK_EPOCH);
    if (bankOrdered) store<u64>(bank, at, BANK_ACTIVATED);
    at += parameter(P_DRAM_RCD);
  } else {
    count(h, COUNT_DRAM_ROW_HIT);
    if (bankOrdered) at = behind(at, load<u64>(bank, BANK_ACTIVATED), parameter(P_DRAM_RCD));
  }

  if (!isWrite && rankOrdered) at = max(at, load<u64>(rank, RANK_READ));
  const change = i32(load<i32>(CHANNEL_RANK) != rankNumber) * parameter(P_DRAM_RTRS);
  store<i32>(CHANNEL_RANK, rankNumber);
  at += reserve(DRAM_CALENDAR, at, parameter(P_DRAM_CCD) + change);
  const end = at + parameter(P_DRAM_CWD) + parameter(P_DRAM_CCD);
  if (isWrite && rankOrdered) store<u64>(rank, end + parameter(P_DRAM_WTR), RANK_READ);
  if (bankOrdered) store<u64>(bank, isWrite ? end + parameter(P_DRAM_WR) : at + parameter(P_DRAM_RTP), BANK_PRECHARGE);
  return at;
}

/** Reads the block at `address`; the request comes at `time`. Returns the cycle of its first beat. */
@inline
export function dramRead(h: i32, time: u64, address: u64): u64 {
  return column(h, time, address, false) + parameter(P_DRAM_CAS) + parameter(P_DRAM_BACKEND);
}

/** Writes a block: nobody waits for it, but what it opens and occupies stays. */
export function dramWrite(h: i32, time: u64, address: u64): void {
  column(h, time, address, true);
}
