"""A stand-in: the job that would end KOAPY's child processes; the client starts none."""

JobObjectExtendedLimitInformation = 9
JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE = 0x2000


def CreateJobObject(attributes, name):
    return object()


def QueryInformationJobObject(job, kind):
    return {"BasicLimitInformation": {}}


def SetInformationJobObject(job, kind, information):
    pass
