import { AlertSubjects, type AlertList } from '#contracts/alerts';
import { Controller } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { AlertsService } from './alerts.service';

/** Alerts by command. */
@Controller()
export class AlertsController {
  constructor(private readonly alerts: AlertsService) {}

  @MessagePattern(AlertSubjects.list)
  list(): AlertList {
    return this.alerts.list();
  }
}
