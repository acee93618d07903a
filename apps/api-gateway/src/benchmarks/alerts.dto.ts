import { ApiProperty } from '@nestjs/swagger';
import { ALERT_KINDS, type Alert, type AlertKind, type AlertList } from '#contracts/alerts';

export class AlertDto implements Alert {
  @ApiProperty()
  id!: string;

  @ApiProperty({ enum: ALERT_KINDS, enumName: 'AlertKind' })
  kind!: AlertKind;

  @ApiProperty({ type: String, nullable: true, description: 'The engine it is about; null: all together.' })
  engine!: string | null;

  @ApiProperty({ description: 'What happened and what to do.' })
  message!: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'How often it was seen when the alert began.' })
  count!: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  threshold!: number | null;

  @ApiProperty({ description: 'Epoch milliseconds.' })
  startedAt!: number;

  @ApiProperty({ type: Number, nullable: true, description: 'Null while it is on.' })
  endedAt!: number | null;
}

export class AlertListDto implements AlertList {
  @ApiProperty({ type: [AlertDto], description: 'Newest first.' })
  items!: AlertDto[];

  @ApiProperty({ type: String, nullable: true, description: 'Always null: there is one page.' })
  nextCursor!: null;
}
