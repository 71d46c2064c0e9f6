import { Controller, Get, Header } from '@nestjs/common';
import { Allow } from '../auth/auth.guard.js';
import { campaignFileJsonSchema } from './openapi.js';

@Controller('schemas')
@Allow('PUBLIC')
export class SchemasController {
  @Get('campaign')
  @Header('content-type', 'application/schema+json')
  campaign(): object {
    return campaignFileJsonSchema();
  }
}
