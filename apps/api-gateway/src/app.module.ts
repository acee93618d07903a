import { Global, Module, type DynamicModule } from '@nestjs/common';
import { PlatformModule } from '#common/platform.module';
import { AuditModule } from './audit/audit.module';
import { AuthModule } from './auth/auth.module';
import { BenchmarksModule } from './benchmarks/benchmarks.module';
import { CacheModule } from './cache/cache.module';
import { ChatModule } from './chat/chat.module';
import { CodeModule } from './code/code.module';
import { HintsModule } from './hints/hints.module';
import { GATEWAY_CONFIG, type GatewayConfig } from './config';
import { GatewayDatabaseModule } from './database/database.module';
import { ConversationsModule } from './conversations/conversations.module';
import { DocsModule } from './docs/docs.module';
import { FirstStartModule } from './first-start/first-start.module';
import { GuardrailsModule } from './guardrails/guardrails.module';
import { HealthModule } from './health/health.module';
import { HttpModule } from './http/http.module';
import { RouteMethods } from './http/route-methods';
import { KeysModule } from './keys/keys.module';
import { LimitsModule } from './limits/limits.module';
import { ModelsModule } from './models/models.module';
import { MyDataModule } from './my-data/my-data.module';
import { OpenAiModule } from './openai/openai.module';
import { ProfilesModule } from './profiles/profiles.module';
import { UsageModule } from './usage/usage.module';
import { PromptsModule } from './prompts/prompts.module';
import { UsersModule } from './users/users.module';
import { WebModule } from './web/web.module';

@Global()
@Module({})
export class AppModule {
  static forRoot(config: GatewayConfig, routeMethods: RouteMethods): DynamicModule {
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot('api-gateway', config, { httpEndpoints: false }),
        GatewayDatabaseModule.forRoot(config.DATABASE_URL),
        HttpModule.forRoot(routeMethods),
        AuditModule,
        AuthModule,
        LimitsModule,
        UsersModule,
        KeysModule,
        HealthModule,
        DocsModule,
        FirstStartModule,
        OpenAiModule,
        ModelsModule,
        BenchmarksModule,
        ProfilesModule,
        UsageModule,
        ChatModule,
        CodeModule,
        HintsModule,
        GuardrailsModule,
        CacheModule,
        ConversationsModule,
        PromptsModule,
        MyDataModule,
        WebModule,
      ],
      providers: [{ provide: GATEWAY_CONFIG, useValue: config }],
      exports: [GATEWAY_CONFIG],
    };
  }
}
