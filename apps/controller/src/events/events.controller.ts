import type { Response } from 'express';
import { Controller, Get, Headers, Param, Query, Res } from '@nestjs/common';
import { decimalSchema, eventsQuerySchema, parseInput, type StreamEvent } from '#libs/contracts';
import type { z } from 'zod';
import { Allow } from '../auth/auth.guard.js';
import { ZodPipe } from '../http/zod.pipe.js';
import { EventsService, type StreamStart } from './events.service.js';

@Controller('campaigns/:id/events')
@Allow('READ')
export class EventsController {
  constructor(private readonly events: EventsService) {}

  /**
   * Server-sent events: the kind as event name, logged ones with their id; ends with the campaign. Last-Event-ID of a
   * connection that broke goes before `tail`.
   */
  @Get()
  async stream(
    @Param('id') id: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Query(new ZodPipe(eventsQuerySchema, 'query')) { tail }: z.output<typeof eventsQuerySchema>,
    @Res() response: Response,
  ): Promise<void> {
    const start: StreamStart =
      lastEventId === undefined && tail !== undefined
        ? { tail }
        : { after: BigInt(parseInput(decimalSchema, lastEventId ?? '0', 'header last-event-id')) };
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    for await (const event of this.events.stream(id, start, gone.signal)) {
      // Not before the first event: until then an error can still be answered as a problem document.
      if (!response.headersSent)
        response.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-store',
          'x-accel-buffering': 'no',
        });
      response.write(format(event));
    }
    response.end();
  }
}

function format(event: StreamEvent): string {
  const id = 'id' in event ? `id: ${event.id}\n` : '';
  return `${id}event: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}
