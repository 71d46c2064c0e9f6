/** Asks the machine to power off: "quit" to UDP port 9, until it answers "bye". */
import type { Station, UdpPort } from './net/station.js';
import { fromBytes, toBytes } from './protocols/byte-string.js';
import { Timer } from './net/timer.js';

const POWER_OFF_PORT = 9;
const MAX_QUESTIONS = 100;

export class PowerOff {
  private readonly port: UdpPort;
  private readonly timer: Timer;
  private questions = 0;

  constructor(
    station: Station,
    private readonly ip: number,
    private readonly interval: number,
    private readonly ended: (answered: boolean) => void,
  ) {
    this.timer = new Timer(station.clock, () => this.ask());
    this.port = station.udpOpen(0, ({ port, payload }) => {
      if (port === POWER_OFF_PORT && fromBytes(payload).trimEnd() === 'bye') this.end(true);
    });
  }

  ask(): void {
    if (this.questions === MAX_QUESTIONS) {
      this.end(false);
      return;
    }
    this.questions += 1;
    this.port.send({ ip: this.ip, port: POWER_OFF_PORT, payload: toBytes('quit') });
    this.timer.start(this.interval);
  }

  private end(answered: boolean): void {
    this.timer.stop();
    this.port.close();
    this.ended(answered);
  }
}
