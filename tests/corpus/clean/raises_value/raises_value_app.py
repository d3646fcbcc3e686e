class QuotaExceeded(Exception):
    def __init__(self, user, limit):
        super().__init__(f"{user} may have {limit}")
        self.user = user
        self.limit = limit


def check_quota(user, used, limit=10):
    if used > limit:
        raise QuotaExceeded(user, limit)
    return limit - used
