select
  count(*) filter (where puts_in and not was_in) as memberships_created,
  count(*) filter (where puts_in and was_in) as memberships_updated,
  count(*) filter (where not puts_in and was_in) as memberships_deleted,
  count(*) filter (where not puts_in and not was_in) as unchanged,
  count(distinct user_point_id) filter (where is_new_user) as user_points_created
from rehearsed_effect
