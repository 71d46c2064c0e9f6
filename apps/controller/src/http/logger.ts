import { ConsoleLogger, type LoggerService } from '@nestjs/common';

/** Parts of Nest that tell at every start what they load; nobody reads it. */
const chatter = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

class QuietLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    const context = rest.at(-1);
    if (typeof context !== 'string' || !chatter.has(context)) super.log(message, ...rest);
  }
}

export function makeLogger(format: 'text' | 'json'): LoggerService {
  return new QuietLogger({ json: format === 'json', colors: false, prefix: 'controller' });
}
