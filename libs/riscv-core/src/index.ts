/** RV64 + H + DV-ext as a library: pure TypeScript and WebAssembly, no Node. */
export { ConfigError } from './machine/config-error.js';
export {
  dvextProfiles,
  machineSettings,
  presetNames,
  resolveConfig,
  type DvextProfile,
  type MachineConfig,
  type MachineOptions,
  type PresetName,
  type SettingValue,
} from './machine/config.js';
export { echoPeer } from './devices/echo-peer.js';
export type { DeviceClock, EventClock } from './devices/dma.js';
export { MAX_FRAME, MIN_FRAME, type FarEnd, type LinkPeer, type LinkTiming } from './devices/link.js';
export {
  buildMachine,
  type BootImages,
  type BuiltMachine,
  type ConsolePorts,
  type NamedBytes,
} from './machine/builder.js';
export { engineNames, type Engine, type EngineName } from './machine/engine.js';
export { engineFactory } from './machine/engines.js';
export {
  buildInPlace,
  RegionMaker,
  type RegionBuilder,
  type RegionBuilderFactory,
  type RegionModule,
  type RegionSetting,
} from './jit/region-builder.js';
export { instructionsOf, type RegionSource } from './jit/region-source.js';
export { node as fdtNode, writeFdt } from './machine/fdt.js';
export { parseAddress } from './machine/load-plan.js';
export { recordedPeer } from './devices/recorded-peer.js';
export {
  Machine,
  type InstructionObserver,
  type MachineExit,
  type MeasuredSoFar,
  type RunState,
} from './machine/machine.js';
export { maxRamBytes, memoryMap } from './machine/memory-map.js';
export { privilegeModes, type ModeInterval, type PrivilegeMode } from './machine/mode-clock.js';
export { readSnapshot, takeSnapshot, type PeerMaker, type Snapshot } from './snapshot/snapshot.js';
export type { Compression } from './snapshot/pages.js';
export { CommitLog } from './debug/commit-log.js';
export { flameGraph } from './debug/flame-graph.js';
export { Profile } from './debug/profile.js';
export { WatchLog } from './debug/watch-log.js';
export type { Watchpoint, WatchKind } from './debug/watchpoints.js';
export { Debugger } from './debug/debugger.js';
export { packet, PacketReader } from './debug/gdb/packets.js';
export { GdbSession } from './debug/gdb/session.js';
export { labelsOf, type ImageMode, type Label, type Measurement } from './machine/probes.js';
export { seedBytes } from './machine/seed-bytes.js';
export { EventSeries, seriesHeader, seriesLine, type EventSample } from './machine/event-series.js';
export { formatSignature, signatureRange, type SignatureRange } from './machine/signature.js';
export { countedEvents, countedModes, readCounts } from './timing/counters.js';
export { presetNames as timingPresetNames } from './timing/parameters.js';
export { parseSymbolFile, SymbolTable, type CodeSymbol } from './machine/symbols.js';
