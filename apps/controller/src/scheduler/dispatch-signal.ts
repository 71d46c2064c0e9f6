import { Injectable } from '@nestjs/common';

/** Tells the dispatcher of this process that the outbox has something, so that it need not wait for its next look. */
@Injectable()
export class DispatchSignal {
  private wake: (() => void) | undefined;

  /** Soon, but after the transaction that calls this has had time to commit; the next look finds what it missed. */
  later(): void {
    setTimeout(() => this.now(), 5).unref();
  }

  now(): void {
    this.wake?.();
  }

  onWake(listener: (() => void) | undefined): void {
    this.wake = listener;
  }
}
