import { describe, expect, it } from 'vitest';
import { Uart } from './uart.js';

function build() {
  const sent: number[] = [];
  const state = { line: false, wanted: 0 };
  const uart = new Uart(
    (byte) => sent.push(byte),
    (high) => (state.line = high),
    () => (state.wanted += 1),
  );
  return {
    uart,
    sent,
    state,
    read: (offset: number): number => Number(uart.load(offset)),
    write: (offset: number, value: number): boolean => uart.store(offset, 1, BigInt(value)),
  };
}

describe('16550', () => {
  it('sends at once and is always ready to send', () => {
    const { sent, read, write } = build();
    write(0, 0x41);
    expect(sent).toEqual([0x41]);
    expect(read(5)).toBe(0x60);
  });

  it('keeps the divisor apart from data', () => {
    const { sent, read, write } = build();
    write(3, 0x83);
    write(0, 1);
    write(1, 2);
    expect([read(0), read(1), sent.length]).toEqual([1, 2, 0]);
    write(3, 3);
    expect(read(1)).toBe(0);
  });

  it('reports received data until it is read, and asks for input when the line status is read', () => {
    const { uart, state, read } = build();
    expect(read(5)).toBe(0x60);
    expect(state.wanted).toBe(1);
    uart.receive([0x61, 0x62]);
    expect(read(5)).toBe(0x61);
    expect([read(0), read(0), read(0)]).toEqual([0x61, 0x62, 0]);
    expect(read(5)).toBe(0x60);
  });

  it('raises its interrupt for data while enabled', () => {
    const { uart, state, read, write } = build();
    uart.receive([1]);
    expect(state.line).toBe(false);
    write(1, 1);
    expect(state.line).toBe(true);
    expect(read(2)).toBe(4);
    read(0);
    expect(state.line).toBe(false);
    expect(read(2)).toBe(1);
  });

  it('raises the empty interrupt on enabling and after each character; reading the cause clears it', () => {
    const { state, read, write } = build();
    write(1, 2);
    expect(state.line).toBe(true);
    expect(read(2)).toBe(2);
    expect(state.line).toBe(false);
    expect(read(2)).toBe(1);
    write(0, 0x41);
    expect(state.line).toBe(true);
    write(1, 0);
    expect(state.line).toBe(false);
  });

  it('shows FIFOs when enabled and empties the receiver on request', () => {
    const { uart, read, write } = build();
    write(2, 1);
    expect(read(2)).toBe(0xc1);
    uart.receive([1]);
    write(2, 3);
    expect(read(5)).toBe(0x60);
  });

  it('loops modem lines and data back', () => {
    const { sent, read, write } = build();
    write(4, 0x1a);
    expect(read(6)).toBe(0x90);
    write(0, 7);
    expect(sent).toEqual([]);
    expect(read(0)).toBe(7);
  });
});
