import { ConsoleLogger, type LoggerService } from '@nestjs/common';

/** Warnings, errors and our own lines; Nest's start-up chatter is left out. */
export function makeLogger(format: 'text' | 'json'): LoggerService {
  return new ConsoleLogger({
    json: format === 'json',
    colors: false,
    prefix: 'controller',
    logLevels: ['log', 'warn', 'error', 'fatal'],
  });
}
