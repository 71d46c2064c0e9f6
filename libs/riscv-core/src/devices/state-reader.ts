/** Reads what a device remembered (DeviceState) back into values. Anything of another shape is a {@link StateError}. */
import type { DeviceState } from './device.js';

/** The state is not one that this device gives. */
export class StateError extends Error {
  constructor(found: DeviceState | undefined, expected: string) {
    super(`device state: found ${found === undefined ? 'nothing' : typeof found}, expected ${expected}`);
    this.name = 'StateError';
  }
}

export function listOf(state: DeviceState | undefined): readonly DeviceState[] {
  if (typeof state !== 'object' || state instanceof Uint8Array) throw new StateError(state, 'a list');
  return state;
}

/** A list of `length` values. */
export function fieldsOf(state: DeviceState | undefined, length: number): readonly DeviceState[] {
  const list = listOf(state);
  if (list.length !== length) throw new StateError(state, `a list of ${length}, not of ${list.length}`);
  return list;
}

export function numberOf(state: DeviceState | undefined): number {
  if (typeof state !== 'number') throw new StateError(state, 'a number');
  return state;
}

export function bigintOf(state: DeviceState | undefined): bigint {
  if (typeof state !== 'bigint') throw new StateError(state, 'a bigint');
  return state;
}

export function booleanOf(state: DeviceState | undefined): boolean {
  if (typeof state !== 'boolean') throw new StateError(state, 'a boolean');
  return state;
}

export function bytesOf(state: DeviceState | undefined): Uint8Array {
  if (!(state instanceof Uint8Array)) throw new StateError(state, 'bytes');
  return state;
}

export function numbersOf(state: DeviceState | undefined): number[] {
  return listOf(state).map(numberOf);
}

/** Copies bytes over an array of the same length. */
export function restoreBytes(into: Uint8Array, state: DeviceState | undefined): void {
  const bytes = bytesOf(state);
  if (bytes.length !== into.length) throw new StateError(state, `${into.length} bytes, not ${bytes.length}`);
  into.set(bytes);
}
