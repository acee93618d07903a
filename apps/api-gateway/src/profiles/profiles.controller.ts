import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiBadRequestResponse, ApiNotFoundResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Commands } from '#common/commands';
import { HardwareSubjects, type Hardware } from '#contracts/hardware';
import {
  ProfileSubjects,
  type FitAnswer,
  type FitQuestion,
  type ProfileList,
  type ProfileView,
} from '#contracts/profiles';
import { Authenticated } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { FitAnswerDto, FitQuestionDto, HardwareDto, ProfileListDto, ProfileViewDto } from './profiles.dto';

@ApiTags('Models')
@Controller('api')
@Authenticated()
export class ProfilesController {
  constructor(private readonly commands: Commands) {}

  @Get('profiles')
  @ApiOperation({ summary: 'All profiles, each with whether it fits on this host' })
  @ApiOkResponse({ type: ProfileListDto })
  list(): Promise<ProfileList> {
    return this.commands.send(ProfileSubjects.list, {});
  }

  @Get('profiles/:name')
  @ApiOperation({ summary: 'One profile, with whether it fits on this host' })
  @ApiOkResponse({ type: ProfileViewDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  get(@Param('name') name: string): Promise<ProfileView> {
    return this.commands.send(ProfileSubjects.get, { name });
  }

  @Post('profiles/check')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Would it fit? Calculates and changes nothing',
    description: 'Without `hardware` for this host as it is now; with it, for another one.',
  })
  @ApiOkResponse({ type: FitAnswerDto })
  @ApiBadRequestResponse({ type: ErrorResponseDto })
  @ApiNotFoundResponse({ description: 'There is no profile of that name.', type: ErrorResponseDto })
  check(@Body() question: FitQuestionDto): Promise<FitAnswer> {
    return this.commands.send(ProfileSubjects.check, question satisfies FitQuestion);
  }

  @Get('hardware')
  @ApiOperation({ summary: "The host's GPUs: memory, load, heat, and what runs on them" })
  @ApiOkResponse({ type: HardwareDto })
  hardware(): Promise<Hardware> {
    return this.commands.send(HardwareSubjects.get, {});
  }
}
