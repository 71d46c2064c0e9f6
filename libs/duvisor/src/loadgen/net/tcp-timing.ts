/** When TCP repeats itself (RFC 6298) and how much it sends at once (RFC 5681, RFC 6582), in target cycles and bytes. */

export interface TcpTiming {
  readonly initialRto: number;
  readonly minRto: number;
  readonly maxRto: number;
  /** An acknowledgment that nothing carries along is sent after this. */
  readonly delayedAck: number;
  /** How long a finished connection still answers. */
  readonly timeWait: number;
  /** How long the other side may be silent after we have closed and before it does. */
  readonly finWait: number;
  /** Repetitions of one segment without any answer before the connection is given up. */
  readonly maxRetries: number;
}

/** For a data centre's network: a round trip takes microseconds, so the limits of RFC 6298 and of Linux are divided by ten or so. */
export function tcpTiming(cyclesPerSecond: number): TcpTiming {
  const ms = cyclesPerSecond / 1000;
  return {
    initialRto: 100 * ms,
    minRto: 50 * ms,
    maxRto: 1000 * ms,
    delayedAck: 2 * ms,
    timeWait: 500 * ms,
    finWait: 15_000 * ms,
    maxRetries: 10,
  };
}

/** The retransmission timeout, from measured round trips (RFC 6298, 2). */
export class RtoEstimator {
  private smoothed: number | undefined;
  private variation = 0;
  private rto: number;

  constructor(private readonly timing: TcpTiming) {
    this.rto = timing.initialRto;
  }

  get timeout(): number {
    return this.rto;
  }

  sample(roundTrip: number): void {
    if (this.smoothed === undefined) {
      this.smoothed = roundTrip;
      this.variation = roundTrip / 2;
    } else {
      this.variation = 0.75 * this.variation + 0.25 * Math.abs(this.smoothed - roundTrip);
      this.smoothed = 0.875 * this.smoothed + 0.125 * roundTrip;
    }
    this.rto = this.clamp(this.smoothed + 4 * this.variation);
  }

  backOff(): void {
    this.rto = this.clamp(2 * this.rto);
  }

  private clamp(rto: number): number {
    return Math.ceil(Math.min(this.timing.maxRto, Math.max(this.timing.minRto, rto)));
  }
}

/** The congestion window: slow start, congestion avoidance, fast recovery. Bytes. */
export class CongestionWindow {
  window: number;
  private threshold = Infinity;
  private duplicates = 0;
  /** Position up to which a fast recovery lasts. */
  private recoverUntil: number | undefined;

  /** Ten segments to start with (RFC 6928). */
  constructor(private readonly mss: number) {
    this.window = 10 * mss;
  }

  /** New data was acknowledged up to `position`. True: a partial acknowledgment, the next segment is lost too. */
  acknowledged(position: number, bytes: number): boolean {
    this.duplicates = 0;
    if (this.recoverUntil !== undefined) {
      if (position < this.recoverUntil) {
        this.window = Math.max(this.mss, this.window - bytes + this.mss);
        return true;
      }
      this.recoverUntil = undefined;
      this.window = this.threshold;
      return false;
    }
    this.window +=
      this.window < this.threshold
        ? Math.min(bytes, this.mss)
        : Math.max(1, Math.floor((this.mss * this.mss) / this.window));
    return false;
  }

  /** The same acknowledgment came again. True: the third time, the segment after it is lost. */
  duplicate(inFlight: number, sentUpTo: number): boolean {
    if (this.recoverUntil !== undefined) {
      this.window += this.mss;
      return false;
    }
    this.duplicates += 1;
    if (this.duplicates !== 3) return false;
    this.threshold = this.half(inFlight);
    this.window = this.threshold + 3 * this.mss;
    this.recoverUntil = sentUpTo;
    return true;
  }

  timedOut(inFlight: number): void {
    this.threshold = this.half(inFlight);
    this.window = this.mss;
    this.duplicates = 0;
    this.recoverUntil = undefined;
  }

  private half(inFlight: number): number {
    return Math.max(Math.floor(inFlight / 2), 2 * this.mss);
  }
}
