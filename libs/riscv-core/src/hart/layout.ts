/**
 * The one map of a machine's linear memory. Read by TypeScript and, as the same file, by the AssemblyScript core:
 * therefore nothing but `export const NAME = <integer expression>` may stand here. Offsets are bytes.
 *
 *   0            static data of the core module
 *   MACHINE      one block for the whole machine (RAM bounds, CLINT, vIPI, options, counters)
 *   CSR_TABLE    4096 descriptors, filled from isa/csrs.ts when the machine is built
 *   HARTS        one area per hart
 *   TIMING       the cycle model's parameters and shared state (assembly/timing)
 *   CODE_MAP     per RAM page: linear address of its slot of predecoded records, 0 = none
 *   CODE_SLOTS   the slots
 *   RAM          guest-physical 0x8000_0000; its linear address is in the machine block
 */

// ---- machine block -------------------------------------------------------------------------------------------------
export const MACHINE = 0x10000;
export const MACHINE_SIZE = 0x4000;
/** u32: number of harts. */
export const M_HARTS = MACHINE + 0;
/** u32: linear address of the first byte of RAM. */
export const M_RAM_LINEAR = MACHINE + 4;
/** u64: physical address of the first byte of RAM. */
export const M_RAM_BASE = MACHINE + 8;
/** u64: bytes of RAM. */
export const M_RAM_SIZE = MACHINE + 16;
/** u64: core cycles per mtime tick. */
export const M_CYCLES_PER_TICK = MACHINE + 24;
/** u32: DV-ext profile, DVEXT_*. */
export const M_DVEXT = MACHINE + 32;
/** u32: 1 = misaligned accesses to RAM succeed, 0 = they trap (Rocket). */
export const M_MISALIGNED_OK = MACHINE + 36;
/** u32: log2 of the PMP granularity in bytes (2 or 12). */
export const M_PMP_GRAIN = MACHINE + 40;
/** u32: number of PMP entries (0 or 16). */
export const M_PMP_ENTRIES = MACHINE + 44;
/** u32: bits of ASID and VMID that satp/hgatp keep. */
export const M_ASID_BITS = MACHINE + 48;
export const M_VMID_BITS = MACHINE + 52;
/** u32: SVADU_*: who sets the accessed and dirty bits of page-table entries. */
export const M_SVADU = MACHINE + 56;
/** u32: 1 = timing model rocket, 0 = none. */
export const M_TIMING = MACHINE + 60;
/** u32: 1 = architectural events are reported through env.event. */
export const M_EVENTS = MACHINE + 64;
/** u32: non-zero = a device asked the machine to stop (finisher, HTIF); poll returns STOP_EXIT. */
export const M_EXIT_REQUEST = MACHINE + 68;
/** u64: highest valid physical address + 1 = 2^physical address bits. */
export const M_PHYS_LIMIT = MACHINE + 72;
/** u32: log2 of the filter granule: 12 (timing none) or 6 (rocket). */
export const M_FILTER_SHIFT = MACHINE + 80;
/** u32: highest paging levels offered: 3 = Sv39/Sv39x4, 4 = Sv48/Sv48x4 too. */
export const M_PAGING_LEVELS = MACHINE + 84;
/** u32: bit set MEXT_* of optional extensions. */
export const M_EXTENSIONS = MACHINE + 88;
/** u32: erratum flags: bit 0 = erratum.upie (dv-ext.md 3.3). */
export const M_ERRATA = MACHINE + 92;
/** u32: vPMP: 0 = open/perVm (V bit exists), 1 = absent (dv-ext.md 5.3). */
export const M_VPMP_ABSENT = MACHINE + 96;
/** u64: linear address of the HTIF tohost word in RAM, 0 = none; a store there is a yielding access. */
export const M_HTIF_TOHOST = MACHINE + 104;
/** u64: misa as read. */
export const M_MISA = MACHINE + 112;
/** u32: next free byte offset, for the machine builder's own use. */
export const M_CODE_SLOT_COUNT = MACHINE + 120;
/** u32: set to 0 by the core before env.mmio_load/mmio_store; the import sets it to 1 where no device answers (access fault). */
export const M_MMIO_STATUS = MACHINE + 124;
/** u32: where the search for a free code slot goes on. */
export const M_CODE_NEXT = MACHINE + 132;
/** u32: number + 1 of the hart whose turn it is, 0 = none. */
export const M_RUNNING = MACHINE + 136;
/** u32: 1 = a device planned something: what the turns under way keep to must be found anew (assembly/turns.ts). */
export const M_TURNS_BREAK = MACHINE + 140;

/** CLINT state, per hart (at most MAX_HARTS). */
export const MAX_HARTS = 8;
export const M_MSIP = MACHINE + 0x200; // u32 each
export const M_MTIMECMP = MACHINE + 0x240; // u64 each
export const M_VTIMECMP = MACHINE + 0x280; // u64 each (DV-ext 8)
export const M_VTIMECTL = MACHINE + 0x2c0; // u64 each
export const M_VCPUID = MACHINE + 0x300; // u64 each (DV-ext 9)
export const M_VIPI = MACHINE + 0x340; // 4 x u64: the machine-wide bitmap
/** i64: added to CYCLE / cyclesPerTick to give mtime (software may write mtime). */
export const M_MTIME_OFFSET = MACHINE + 0x360;

/** DV-ext holes used: bit per (hart, csr) is kept by the core in HOLES (8 harts x 512 bytes). */
export const M_HOLES = MACHINE + 0x1000;
/** JIT: per predictor entry two u64: the tree bits that using it keeps, and those it sets. At most 64 entries. */
export const M_JIT_PLRU = MACHINE + 0x3000;
export const MACHINE_END = MACHINE + MACHINE_SIZE;

// ---- CSR table -------------------------------------------------------------------------------------------------------
/** Descriptor of 32 bytes per CSR number: u32 flags (CSRF_*), u32 kind (isa/csr-kinds.ts), u32 slot offset in the hart area, u32 0, u64 read mask, u64 write mask. */
export const CSR_TABLE = 0x20000;
export const CSR_DESC_SIZE = 32;
export const CSRD_FLAGS = 0;
export const CSRD_KIND = 4;
export const CSRD_SLOT = 8;
export const CSRD_RMASK = 16;
export const CSRD_WMASK = 24;
/** flags: the CSR exists. */
export const CSRF_EXISTS = 1;
/** flags: a write flushes the pipeline (rocket-timing.md 3). */
export const CSRF_FLUSHES = 2;
/** flags: belongs to the DV-ext user banks (HU/HUVS, utvec..utval, vtime/vipi): access rule of dv-ext.md 2.7. */
export const CSRF_DV_USER = 4;
/** flags: DV-ext supervisor registers (sedeleg, sideleg, h_enable, h_vmid). */
export const CSRF_DV_SUPERVISOR = 8;
/** flags: virtual timer, vcpuid, vipi (dv-ext.md 2.5). */
export const CSRF_DV_VIRQ = 16;

// ---- hart areas ------------------------------------------------------------------------------------------------------
export const HARTS = 0x100000;

/** i64 x[0..31]; slot 32 is the sink that writes to x0 go to. */
export const X = 0;
export const X_SINK = 256;
/** u64 f[0..31], NaN-boxed. */
export const F = 264;
/** f0 in the numbering of x registers: X + 8 * (X_OF_F + i) is f[i]; what records hold for a floating-point register. */
export const X_OF_F = 33;
export const PC = 520;
export const INSTRET = 528;
/** u64: this hart's absolute core clock. */
export const CYCLE = 536;
/** u32: 3 M, 1 S (HS or VS), 0 U (U, HU or VU). */
export const PRV = 544;
/** u32: virtualization mode. */
export const V = 548;
/** u32: result of a slow path, see EVENT_*. */
export const EVENT = 552;
/** u32: hart index. */
export const HART_ID = 556;
/** u64: the interpreter polls at a yield point when CYCLE >= STOPAT. */
export const STOPAT = 560;
/** u64: the turn ends when CYCLE >= TURN_END. */
export const TURN_END = 568;
/** u64: the hart stops when INSTRET + BARREN_TRAPS reaches it (all ones = never). */
export const INSTRET_LIMIT = 576;
/** u32: linear address of the active read / write filter table. */
export const RFILTER = 584;
export const WFILTER = 588;
/** u32: 1 = asleep in WFI. */
export const WFI = 592;
/** u32: last STOP_* returned by poll. */
export const STOP_REASON = 596;
/** u64: cycles spent asleep in WFI (not counted by mcycle). */
export const SLEPT = 600;
/** u64: interrupt lines driven by devices outside the core (PLIC): mip bit positions 11, 9, 10. */
export const LINES = 608;
/** LR/SC: u32 valid, u32 size, u64 physical address, u64 value loaded. */
export const RES_VALID = 616;
export const RES_SIZE = 620;
export const RES_ADDR = 624;
export const RES_VALUE = 632;
/** u64: 64-byte line of the last instruction fetch (virtual), all ones = none (timing). */
export const FETCH_LINE = 640;
/** u32: linear address of the slot the pc executes from (interpreter). */
export const CODE_BASE = 648;
/** u32: active context slot 0..CONTEXTS-1. */
export const CONTEXT = 652;
/** u32: linear address of the active jump table (JIT). */
export const JUMPS = 660;
/** u32: changes whenever an entry leaves the instruction TLB of the cycle model. */
export const ITLB_GENERATION = 664;
/** scratch record for an instruction that straddles two pages, followed by sentinel records. */
export const CROSS_RECORD = 672;
export const CROSS_RECORD_SIZE = 80;
/** u32 raw bits decoded in CROSS_RECORD, 0 = none. */
export const CROSS_BITS = 656;
/** u64: the cycle at which compiled code must look whether to poll (JIT; src/jit/account.ts). */
export const JIT_DEADLINE = 752;
/** i64: what a slow path leaves for compiled code to go on with (JIT; src/jit/account.ts). */
export const JIT_ACCOUNT = 760;
/** u32: FLOAT_*, what mstatus.FS and, with V=1, vsstatus.FS make of floating point now. Derived, like the context. */
export const FLOAT_STATE = 668;
export const FLOAT_OFF = 0;
export const FLOAT_CLEAN = 1;
export const FLOAT_DIRTY = 2;
/** Walk trace: u32 count at PTE_TRACE, then from +8 entries of 16 bytes {u64 pa, u32 stage (0 = single or VS, 1 = G), u32 level}. At most 32. */
export const PTE_TRACE = 768;
export const PTE_TRACE_ENTRIES = PTE_TRACE + 8;
export const PTE_TRACE_MAX = 32;
/** u32: log2 of the page size of the smallest leaf of the last translation. */
export const TR_LEVEL = 1324;
/** u32: linear address of the bank of EVENT_COUNTS of the mode that the hart is in. Derived, like the context. */
export const COUNTS_ACTIVE = 1328;
/** u64: the cycle from which LR's reservation is gone; only with the cycle model. */
export const RES_END = 1336;
/** Area for the core's own per-hart state (the context slots' keys). */
export const CORE_PRIVATE = 1344;
/** u64: cycle at which the next enabled timer fires, as of the last poll; all ones = none. */
export const NEXT_TIMER = 1600;
/** u64: where TURN_END goes when the hart has been answered at once by the shared level. */
export const TURN_END_SHARED = 1608;
/** u32: 1 = a data access needs neither translation nor permission: it means the byte of RAM at its address. Derived, like the context. */
export const DATA_DIRECT = 1616;
/** u32: SPACE_* of data accesses. Derived, like the context. */
export const DATA_SPACE = 1620;
/** u64: what the hart asks the shared level before this cycle is answered later (assembly/timing/requests.ts); 0 = everything at once. */
export const DEFER_END = 1624;

/** CSR storage: u64 per slot, slots numbered in isa/csrs.ts. */
export const CSRS = 2048;
export const CSR_SLOTS = 256;

/** u64 counters of traps: [fromV 2][to mode: 0 HU, 1 HS, 2 VS, 3 M][128: cause, or 64 + interrupt number]. */
export const TRAP_COUNTS = 4096;
export const TRAP_COUNTS_SIZE = 8192;

/** Core: u32 next context slot to recycle; u32 highest active PMP entry + 1. */
export const CORE_NEXT_CONTEXT = TRAP_COUNTS + TRAP_COUNTS_SIZE;
export const CORE_PMP_ACTIVE = CORE_NEXT_CONTEXT + 4;
/** Core: u32: the next poll is not one: the core dropped a code slot, which is no architectural yield point. */
export const CORE_SKIP_POLL = CORE_NEXT_CONTEXT + 8;
/**
 * u64: traps before the handler of the trap before had retired an instruction; a loop of traps has nothing else. u64: INSTRET at
 * the last trap.
 */
export const BARREN_TRAPS = CORE_NEXT_CONTEXT + 16;
export const TRAP_INSTRET = CORE_NEXT_CONTEXT + 24;
/** Core: PMP entries as ranges, 16 x 24 bytes {u64 first byte, u64 last byte, u32 configuration byte (0 = matches nothing)}. */
export const CORE_PMP_RANGES = CORE_NEXT_CONTEXT + 32;
export const CORE_PMP_RANGE_SIZE = 24;
/** Keys of the context slots, in CORE_PRIVATE: CONTEXTS x 32 bytes {u64 modes (all ones = unused), u64 satp, u64 vsatp, u64 hgatp}. */
export const CORE_CONTEXT_KEYS = CORE_PRIVATE;
export const CORE_CONTEXT_KEY_SIZE = 32;

/** u64 event counters of the cycle model (timing/counted-events.ts): a bank of EVENT_BANK_SIZE bytes per mode, number PRV | V << 2. */
export const EVENT_COUNTS = 0x4000;
export const EVENT_BANK_SIZE = 512;
export const EVENT_BANKS = 8;

/** Filters: CONTEXTS x (read table, write table), FILTER_ENTRIES x 16 bytes {u64 tag, u32 addend, u32 back pointer}. */
export const FILTERS = 0x10000;
export const CONTEXTS = 8;
export const FILTER_ENTRIES = 1024;
export const FILTER_ENTRY_SIZE = 16;
export const FILTER_TABLE_SIZE = FILTER_ENTRIES * FILTER_ENTRY_SIZE;
export const FILTER_CONTEXT_SIZE = 2 * FILTER_TABLE_SIZE;
export const FILTERS_END = FILTERS + CONTEXTS * FILTER_CONTEXT_SIZE;
/** A tag that no masked address equals (bits 3..5 of a masked address are always 0). */
export const EMPTY_TAG = 8;

/** Per context: direct-mapped lookup pc page -> code slot, {u64 virtual page, u32 slot base, u32 pa page}. */
export const CODE_LOOKUP = FILTERS_END;
export const CODE_LOOKUP_ENTRIES = 64;
export const CODE_LOOKUP_CONTEXT_SIZE = CODE_LOOKUP_ENTRIES * 16;
export const CODE_LOOKUP_END = CODE_LOOKUP + CONTEXTS * CODE_LOOKUP_CONTEXT_SIZE;

/** Per context: translations of data pages kept by the core (assembly/soft-tlb.ts), 16 bytes each. */
export const CORE_TLB = CODE_LOOKUP_END;
export const CORE_TLB_ENTRIES = 256;
export const CORE_TLB_CONTEXT_SIZE = CORE_TLB_ENTRIES * 16;

/**
 * Per context: direct-mapped jump tables of the JIT, 16 bytes an entry: {u64 pc, u32 ITLB_GENERATION when it was entered, u32
 * region}. An entry says that the region holds what is at pc, and that the page is in the instruction TLB.
 */
export const JUMP_TABLES = CORE_TLB + CONTEXTS * CORE_TLB_CONTEXT_SIZE;
export const JUMP_ENTRIES = 1024;
export const JUMP_TABLE_SIZE = JUMP_ENTRIES * 16;
/** The cycle model's state of the hart, part of the state hash: src/timing/hart-state.ts, assembly/timing/layout.ts. */
export const HART_TIMING = JUMP_TABLES + CONTEXTS * JUMP_TABLE_SIZE;
export const HART_TIMING_SIZE = 0x20000;
/** Bookkeeping of the cycle model that only engines with filters have, not part of the hash: assembly/timing/layout.ts. */
export const HART_BOOK = HART_TIMING + HART_TIMING_SIZE;
export const HART_BOOK_SIZE = 0x3000;

/** Code slots (below); records of a slot, one per halfword. When all slots are in use every one is dropped at once. */
export const CODE_SLOT_COUNT = 1024;
export const CODE_SLOT_RECORDS = 2048;
/**
 * JIT: where the target buffer has the transfers of compiled code (assembly/timing/sites.ts). u64 per code slot: virtual address of the
 * page that its bytes speak of. Then u8 per halfword of every slot: number + 1 of the entry for a transfer that ends there, 0 = not known.
 */
export const SITE_BASES = HART_BOOK + HART_BOOK_SIZE;
export const SITES = SITE_BASES + CODE_SLOT_COUNT * 8;
export const HART_AREA_END = SITES + CODE_SLOT_COUNT * CODE_SLOT_RECORDS;
/**
 * Compiled code finds everything of its hart at a constant distance from `h`. Not a multiple of 4096: what several harts use
 * most shall not fall into the same sets of the simulation host's first-level cache.
 */
export const HART_STRIDE = HART_AREA_END + 0x440;

// ---- timing, code slots, RAM -----------------------------------------------------------------------------------------
/** Parameters of the cycle model, state of what all harts share (L2, last-level cache, DRAM): laid out by assembly/timing/layout.ts inside [TIMING, TIMING_END). */
export const TIMING = (HARTS + MAX_HARTS * HART_STRIDE + 0xffff) & 0x7fff0000;
export const TIMING_SIZE = 0x100000;
export const TIMING_END = TIMING + TIMING_SIZE;

export const CODE_RECORD_SIZE = 16;
/** The records, then one sentinel, then the JIT's words; a 64-byte line of code is 512 aligned bytes of records. */
export const CODE_SLOT_STRIDE = 41472;
/** In the padding behind the sentinel: u64 mask of 64-byte lines that decoded records depend on, u64 physical page address. */
export const CODE_SLOT_LINES = 32768 + 16;
export const CODE_SLOT_PAGE = 32768 + 24;
/** u16 per record (JIT): number of the region that begins there, 0 = none, REGION_REFUSED = nothing to compile. */
export const CODE_SLOT_REGIONS = 33280;
export const REGION_REFUSED = 0xffff;
/** u16 per record (JIT): how often control was transferred there lately. */
export const CODE_SLOT_COUNTERS = CODE_SLOT_REGIONS + 4096;
/** Both. */
export const CODE_SLOT_REGIONS_SIZE = 8192;
/** u32 per 4 KiB page of RAM (RAM of at most 2 GiB). */
export const CODE_MAP = TIMING_END;
export const CODE_MAP_SIZE = 0x200000;
export const CODE_SLOTS = CODE_MAP + CODE_MAP_SIZE;
export const CODE_SLOTS_END = CODE_SLOTS + CODE_SLOT_COUNT * CODE_SLOT_STRIDE;
/** First linear address that RAM may take (64 KiB aligned). */
export const RAM_LINEAR = (CODE_SLOTS_END + 0xffff) & 0x7fff0000;

// ---- record fields ---------------------------------------------------------------------------------------------------
export const REC_OP = 0; // u16
export const REC_RD = 2; // u8; 32 = sink
export const REC_RS1 = 3; // u8
export const REC_RS2 = 4; // u8
export const REC_LEN = 5; // u8: 2 or 4
export const REC_COST = 6; // u16: static cost in cycles
export const REC_IMM = 8; // i32
export const REC_RAW = 12; // u32: the bits as fetched

// ---- values ----------------------------------------------------------------------------------------------------------
export const EVENT_NONE = 0;
export const EVENT_TRAP = 1;
export const EVENT_DONE = 2;

/** poll results. */
export const STOP_NONE = 0;
export const STOP_TURN = 1;
export const STOP_LIMIT = 2;
export const STOP_WFI = 3;
export const STOP_EXIT = 4;
/**
 * Cycles by which a hart whose requests to the shared level are answered at once runs ahead of the others, so that they come nearly in the
 * order of time. In turns no longer than that all are (docs/timing-model.md, "Harts").
 */
export const SHARED_AHEAD = 200;
/** Cycles before a device event or a timer from which on requests are answered at once: more than what a turn's answers add to a clock. */
export const MAX_REQUESTS_LATE = 32768;
/** turn_ended, besides STOP_*: another turn may follow. */
export const TURNS_GO_ON = 5;

export const DVEXT_NONE = 0;
export const DVEXT_ROCKET = 1;
export const DVEXT_QEMU = 2;
export const DVEXT_STRICT = 3;

/** M_SVADU: a clear bit is a fault (Svade), or the walk sets it; or that is for menvcfg and henvcfg to say (Svadu). */
export const SVADU_NEVER = 0;
export const SVADU_ALWAYS = 1;
export const SVADU_SWITCHED = 2;

/** M_EXTENSIONS bits. */
export const MEXT_H = 1;
export const MEXT_SSTC = 2;
export const MEXT_F = 8;
export const MEXT_D = 16;

export const PRV_U = 0;
export const PRV_S = 1;
export const PRV_M = 3;

/** Kinds of memory access: bits 1:0 log2 size, bit 2 = zero-extend (loads), for `load`, `store`, HLV/HSV. */
export const ACCESS_SIZE = 3;
export const ACCESS_UNSIGNED = 4;
/** bit 3: rd is a floating-point register (a 4-byte load is NaN-boxed) */
export const ACCESS_FLOAT = 8;
/** Access types of a translation. */
export const ACCESS_FETCH = 0;
export const ACCESS_LOAD = 1;
export const ACCESS_STORE = 2;

/** env.event kinds: a trap was taken (a = cause | interrupt << 8 | fromV << 16 | to mode << 20), a trap return entered V=1 or left to V=0 (a = to PRV | toV << 4). */
export const EV_TRAP = 1;
export const EV_RETURN = 2;
/** An access that only a hole of the DV-ext profile permits (dv-ext.md 2.7), once per hart and a: a = CSR number, or HOLE_SYSOP + SYS_*. */
export const EV_HOLE = 3;
export const HOLE_SYSOP = 0xf80;
