/**
 * A machine as a file: restored and run on, it does what the machine that was saved goes on to do, to the last cycle, in every engine.
 *
 *   8 bytes   "DVFSNAP\n"
 *   u32       SNAPSHOT_VERSION
 *   u32       bytes of the header
 *   header    JSON (plain.ts)
 *   pages     state, RAM, disk (pages.ts)
 *   32 bytes  SHA-256 of all before
 *
 * Integers are little-endian. A file of another version, or one that is not whole, is refused.
 */
import type { DeviceState } from '../devices/device.js';
import type { LinkPeer } from '../devices/link.js';
import { StateError } from '../devices/state-reader.js';
import { rebuildMachine, type BuiltMachine, type ConsolePorts, type NamedBytes } from '../machine/builder.js';
import { ConfigError } from '../machine/config-error.js';
import type { BlockConfig, MachineConfig, NetConfig } from '../machine/config.js';
import type { EngineFactory, EngineSetup } from '../machine/engine.js';
import type { Machine } from '../machine/machine.js';
import { Sha256 } from '../trace/sha256.js';
import { packPages, unpackPages, type Compression } from './pages.js';
import { fromJson, toJson } from './plain.js';
import { loadMemory, savedBytes, saveMemory } from './saved-memory.js';
import { SNAPSHOT_VERSION, stateSchema } from './schema.js';

const MAGIC = new TextEncoder().encode('DVFSNAP\n');
const FIXED_BYTES = MAGIC.length + 8;
const HASH_BYTES = 32;

/** Symbols that a machine goes on to need: HTIF, and the signature at its end. */
const keptSymbols = ['tohost', 'fromhost', 'begin_signature', 'end_signature'];

/** A configuration without what is not plain data: the far end's kind, the disk's size. */
type SavedConfig = Omit<MachineConfig, 'net' | 'block'> & {
  readonly net?: Omit<NetConfig, 'peer'> & { readonly peer: string };
  readonly block?: Omit<BlockConfig, 'image'> & { readonly image: number };
};

interface Header {
  readonly schema: string;
  readonly config: SavedConfig;
  readonly symbols: ReadonlyMap<string, bigint>;
  readonly outside: DeviceState;
  /** Of the far end of the network link. */
  readonly peer: DeviceState;
  readonly time: number;
  readonly instret: number;
  readonly stateHash: string;
  readonly attached?: unknown;
}

/** Makes the far end of the network link again, by its kind; undefined = no such kind here. */
export type PeerMaker = (kind: string) => LinkPeer | undefined;

export interface Snapshot {
  /** How far the machine was: cycles as Machine.time, instructions of all harts. */
  readonly time: number;
  readonly instret: number;
  readonly stateHash: string;
  readonly config: SavedConfig;
  /** What was saved with the machine. */
  readonly attached: unknown;
  /** A new machine in the saved state. Throws {@link ConfigError}. */
  restore(chooseEngine: (setup: EngineSetup) => EngineFactory, ports: ConsolePorts, makePeer?: PeerMaker): BuiltMachine;
}

/**
 * Call between runs. The parts in order are the file. `attached`: plain data of whoever runs the machine, to be had again beside it.
 * Throws {@link ConfigError} when the machine has a part that cannot be saved.
 */
export function takeSnapshot(
  { machine, symbols }: BuiltMachine,
  compression: Compression,
  attached?: unknown,
): Uint8Array[] {
  const header: Header = {
    schema: stateSchema(),
    config: savedConfig(machine.config),
    symbols: new Map([...symbols].filter(([name]) => keptSymbols.includes(name))),
    outside: machine.outside(),
    peer: machine.config.net?.peer.saved?.state() ?? [],
    time: machine.time(),
    instret: machine.totalInstret(),
    stateHash: machine.stateHash(),
    ...(attached === undefined ? {} : { attached }),
  };
  const headerBytes = new TextEncoder().encode(toJson(header));
  const fixed = new Uint8Array(FIXED_BYTES);
  fixed.set(MAGIC);
  const view = new DataView(fixed.buffer);
  view.setUint32(MAGIC.length, SNAPSHOT_VERSION, true);
  view.setUint32(MAGIC.length + 4, headerBytes.length, true);
  const ranges = pageRanges(machine, saveMemory(machine.config, machine.memory));
  const parts = [fixed, headerBytes, ...packPages(ranges, compression)];
  const hash = new Sha256();
  for (const part of parts) hash.update(part);
  parts.push(bytesOfHex(hash.digest()));
  return parts;
}

/** Throws {@link ConfigError}, naming the file, for what is no whole snapshot of this version. */
export function readSnapshot({ name, bytes }: NamedBytes, compression: Compression): Snapshot {
  const expected = 'a snapshot written by --snapshot-out';
  if (bytes.length < FIXED_BYTES || MAGIC.some((byte, i) => bytes[i] !== byte))
    throw new ConfigError(name, 'no snapshot', expected);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint32(MAGIC.length, true);
  if (version !== SNAPSHOT_VERSION)
    throw new ConfigError(
      name,
      `a snapshot of form ${version}`,
      `one of form ${SNAPSHOT_VERSION}: make it again with this version`,
    );
  const end = bytes.length - HASH_BYTES;
  const hash = end < FIXED_BYTES ? '' : new Sha256().update(bytes.subarray(0, end)).digest();
  if (hash !== hexOfBytes(bytes.subarray(Math.max(end, 0))))
    throw new ConfigError(name, 'a damaged or cut-off snapshot', `${expected}, whole`);
  const pagesAt = FIXED_BYTES + view.getUint32(MAGIC.length + 4, true);
  const header = fromJson(new TextDecoder().decode(bytes.subarray(FIXED_BYTES, pagesAt))) as Header;
  if (header.schema !== stateSchema())
    throw new ConfigError(
      name,
      `a snapshot of machine state ${header.schema.slice(0, 12)}`,
      `one of state ${stateSchema().slice(0, 12)}: make it again with this version`,
    );
  const pages = bytes.subarray(pagesAt, end);
  const { time, instret, stateHash, config } = header;
  return {
    time,
    instret,
    stateHash,
    config,
    attached: header.attached,
    restore: (chooseEngine, ports, makePeer = () => undefined) => {
      const complete = completeConfig(config, name, makePeer);
      const built = rebuildMachine(complete, { name, symbols: header.symbols }, chooseEngine, ports);
      fill(built.machine, header, pages, compression);
      if (built.machine.stateHash() !== stateHash)
        throw new Error(`${name}: the restored machine has another state hash`);
      return built;
    },
  };
}

function fill(machine: Machine, header: Header, pages: Uint8Array, compression: Compression): void {
  const state = new Uint8Array(savedBytes(machine.config));
  unpackPages(pages, pageRanges(machine, state), compression);
  loadMemory(machine.config, machine.memory, state);
  try {
    machine.restore(header.outside);
    machine.config.net?.peer.saved?.restore(header.peer);
  } catch (error) {
    if (error instanceof StateError) throw new ConfigError('snapshot', error.message, 'the state of this version');
    throw error;
  }
}

function pageRanges(machine: Machine, state: Uint8Array): Uint8Array[] {
  const ranges = [state, machine.ram.slice(BigInt(machine.ram.base), BigInt(machine.ram.size))];
  const disk = machine.config.block?.image;
  // Pages are looked at as words.
  if (disk !== undefined) ranges.push(disk.byteOffset % 4 === 0 ? disk : disk.slice());
  return ranges;
}

function savedConfig(config: MachineConfig): SavedConfig {
  const { net, block, ...rest } = config;
  if (net !== undefined && net.peer.saved === undefined)
    throw new ConfigError('snapshot', 'a network link whose far end has no state to save', 'one such as echo, or none');
  return {
    ...rest,
    ...(net === undefined ? {} : { net: { ...net, peer: net.peer.saved!.kind } }),
    ...(block === undefined ? {} : { block: { ...block, image: block.image.length } }),
  };
}

function completeConfig(config: SavedConfig, name: string, makePeer: PeerMaker): MachineConfig {
  const { net, block, ...rest } = config;
  const peer = net === undefined ? undefined : makePeer(net.peer);
  if (net !== undefined && peer === undefined)
    throw new ConfigError(name, `a network link to "${net.peer}"`, 'a far end that can be made here');
  return {
    ...rest,
    ...(net === undefined || peer === undefined ? {} : { net: { ...net, peer } }),
    ...(block === undefined ? {} : { block: { ...block, image: new Uint8Array(block.image) } }),
  };
}

function hexOfBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
