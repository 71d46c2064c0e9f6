import { Module } from '@nestjs/common';
import { CampaignsModule } from '../campaigns/campaigns.module.js';
import { EventsController } from './events.controller.js';
import { EventsService } from './events.service.js';

@Module({ imports: [CampaignsModule], controllers: [EventsController], providers: [EventsService] })
export class EventsModule {}
