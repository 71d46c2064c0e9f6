import { describe, expect, it } from 'vitest';
import { echoPeer } from './echo-peer.js';
import type { LinkPeer } from './link.js';
import { VirtioNet } from './virtio-net.js';
import { NEEDS_RESET, RAM_BASE, TestDevice, TestTime } from './virtio.testkit.js';

const MAC = Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x56);
const HEADER = 12;
const RECEIVE = 0;
const TRANSMIT = 1;
const BUFFER = RAM_BASE + 0x8000;
const OUT = RAM_BASE + 0x1_0000;

/** A far end whose frames a test sends. */
class Puppet implements LinkPeer {
  send: (frame: Uint8Array) => void = () => undefined;
  readonly seen: { frame: Uint8Array; cycle: number }[] = [];

  connect(send: (frame: Uint8Array) => void): void {
    this.send = send;
  }

  receive(frame: Uint8Array, cycle: number): void {
    this.seen.push({ frame, cycle });
  }
}

function setUp<Peer extends LinkPeer>(peer: Peer) {
  const time = new TestTime();
  const net = new VirtioNet(MAC, peer, time, { latency: 10, cyclesPerByte: 1 });
  const device = new TestDevice(net);
  const rx = device.queues[RECEIVE]!;
  const tx = device.queues[TRANSMIT]!;
  /** Sends a frame of `size` bytes from `OUT`. */
  const transmit = (size: number): number => {
    const head = tx.add({ address: OUT, size: HEADER }, { address: OUT + HEADER, size });
    device.notify(TRANSMIT);
    return head;
  };
  return { time, net, device, rx, tx, peer, transmit };
}

const frameOf = (size: number, fill: number): Uint8Array => new Uint8Array(size).fill(fill);

describe('virtio network device', () => {
  it('tells its address', () => {
    const { device } = setUp(new Puppet());
    const bytes = Array.from({ length: 6 }, (_, i) => Number(device.mmio.load(0x100 + i, 1)));
    expect(bytes).toEqual([...MAC]);
    expect(device.read(0x10) & (1 << 5)).not.toBe(0);
  });

  it('sends a frame without the header that virtio puts before it, and uses the buffer when it has left', () => {
    const { time, device, tx, peer, transmit } = setUp(new Puppet());
    device.start();
    device.dma.bytes(OUT + HEADER, 100).fill(7);
    const heads = [transmit(100), transmit(100)];
    time.advance(123);
    expect(tx.used()).toEqual([]);
    time.advance(124);
    expect(tx.used()).toEqual([[heads[0], 0]]);
    expect(device.acknowledge()).toBe(1);
    time.runAll();
    expect(tx.used()).toEqual([[heads[1], 0]]);
    expect(peer.seen).toEqual([
      { frame: frameOf(100, 7), cycle: 134 },
      { frame: frameOf(100, 7), cycle: 258 },
    ]);
  });

  it('loses a frame that Ethernet cannot carry, and gives its buffer back', () => {
    const { time, device, net, tx, peer, transmit } = setUp(new Puppet());
    device.start();
    for (const size of [13, 1515]) {
      const head = transmit(size);
      time.runAll();
      expect(tx.used()).toEqual([[head, 0]]);
    }
    expect(net.dropped).toBe(2);
    expect(peer.seen).toEqual([]);
    expect(device.status & NEEDS_RESET).toBe(0);
  });

  it('puts a frame into the next buffer, spread over its parts, and interrupts', () => {
    const { time, device, rx, peer } = setUp(new Puppet());
    device.start();
    const head = rx.add(
      { address: BUFFER, size: HEADER, write: true },
      { address: BUFFER + 0x100, size: 1514, write: true },
    );
    peer.send(frameOf(60, 9));
    time.runAll();
    expect(rx.used()).toEqual([[head, HEADER + 60]]);
    expect([...device.dma.bytes(BUFFER, HEADER)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]);
    expect(device.dma.bytes(BUFFER + 0x100, 60)).toEqual(frameOf(60, 9));
    expect(device.line).toBe(true);
  });

  it('does not interrupt a driver that asked not to', () => {
    const { time, device, rx, peer } = setUp(new Puppet());
    device.start();
    device.dma.view.setUint16(rx.availableRing - RAM_BASE, 1, true);
    rx.add({ address: BUFFER, size: 2000, write: true });
    peer.send(frameOf(60, 9));
    time.runAll();
    expect(rx.used()).toHaveLength(1);
    expect(device.line).toBe(false);
  });

  it('holds frames until there are buffers, 256 of them, and loses the rest', () => {
    const { time, device, net, rx, peer } = setUp(new Puppet());
    device.start();
    for (let i = 0; i < 260; i++) peer.send(frameOf(60, i));
    time.runAll();
    expect(net.dropped).toBe(4);
    for (let i = 0; i < 256; i += 16) {
      for (let slot = 0; slot < 16; slot++) rx.add({ address: BUFFER + 128 * slot, size: 128, write: true });
      device.notify(RECEIVE);
      expect(rx.used()).toHaveLength(16);
      for (let slot = 0; slot < 16; slot++)
        expect(device.dma.bytes(BUFFER + 128 * slot + HEADER, 1)[0]).toBe((i + slot) & 0xff);
    }
  });

  it('loses frames while no driver is ready', () => {
    const { time, device, net, rx, peer } = setUp(new Puppet());
    peer.send(frameOf(60, 1));
    time.runAll();
    expect(net.dropped).toBe(1);
    device.start();
    rx.add({ address: BUFFER, size: 128, write: true });
    peer.send(frameOf(60, 2));
    time.runAll();
    expect(rx.used()).toHaveLength(1);
  });

  it('needs a reset when a frame does not fit its buffer', () => {
    const { time, device, rx, peer } = setUp(new Puppet());
    device.start();
    rx.add({ address: BUFFER, size: HEADER + 59, write: true });
    peer.send(frameOf(60, 1));
    time.runAll();
    expect(device.status & NEEDS_RESET).toBe(NEEDS_RESET);
    expect(device.acknowledge()).toBe(2);
    peer.send(frameOf(60, 1));
    time.runAll();
    expect(rx.used()).toEqual([]);
  });

  it('forgets what it held when it is reset, but not what is on the link', () => {
    const { time, device, rx, tx, transmit } = setUp(echoPeer());
    device.start();
    transmit(60);
    device.write(0x70, 0);
    device.start();
    rx.add({ address: BUFFER, size: 128, write: true });
    time.runAll();
    expect(tx.used()).toEqual([]);
    expect(rx.used()).toEqual([[0, HEADER + 60]]);
  });
});
