import {
  ProfileSubjects,
  type FitAnswer,
  type FitQuestion,
  type ProfileList,
  type ProfileView,
} from '#contracts/profiles';
import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { ProfilesService } from './profiles.service';

/** Profiles by command. */
@Controller()
export class ProfilesController {
  constructor(private readonly profiles: ProfilesService) {}

  @MessagePattern(ProfileSubjects.list)
  list(): ProfileList {
    return this.profiles.list();
  }

  @MessagePattern(ProfileSubjects.get)
  get(@Payload() { name }: { name: string }): ProfileView {
    return this.profiles.get(name);
  }

  @MessagePattern(ProfileSubjects.check)
  check(@Payload() question: FitQuestion): FitAnswer {
    return this.profiles.check(question);
  }
}
