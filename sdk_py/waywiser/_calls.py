"""The calls: one method for each kind of message of the tracking spec."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ._message import Id


class Calls:
    """What `Client` and everything that speaks like one offers."""

    def track(
        self,
        event: str,
        *,
        user_id: Id | None = None,
        anonymous_id: Id | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that something happened: `track("Invoice Paid", user_id="42", properties={"plan": "pro"})`."""
        fields: dict[str, object] = {
            "event": event,
            "userId": user_id,
            "anonymousId": anonymous_id,
            "properties": properties,
        }
        return self._take("track", fields, context, timestamp, message_id)

    def page(
        self,
        name: str | None = None,
        *,
        user_id: Id | None = None,
        anonymous_id: Id | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that a page was seen. `properties` may hold `url`, `path`, `title` and `referrer`."""
        fields: dict[str, object] = {
            "name": name,
            "userId": user_id,
            "anonymousId": anonymous_id,
            "properties": properties,
        }
        return self._take("page", fields, context, timestamp, message_id)

    def screen(
        self,
        name: str | None = None,
        *,
        user_id: Id | None = None,
        anonymous_id: Id | None = None,
        properties: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that a screen of an app was seen."""
        fields: dict[str, object] = {
            "name": name,
            "userId": user_id,
            "anonymousId": anonymous_id,
            "properties": properties,
        }
        return self._take("screen", fields, context, timestamp, message_id)

    def identify(
        self,
        user_id: Id,
        *,
        traits: Mapping[str, Any] | None = None,
        anonymous_id: Id | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say who a user is; with `anonymous_id`, also that this visitor is that user, then and before."""
        fields: dict[str, object] = {"userId": user_id, "anonymousId": anonymous_id, "traits": traits}
        return self._take("identify", fields, context, timestamp, message_id)

    def alias(
        self,
        user_id: Id,
        previous_id: Id,
        *,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that the user known as `previous_id` is now known as `user_id`: both are one customer."""
        fields: dict[str, object] = {"userId": user_id, "previousId": previous_id}
        return self._take("alias", fields, context, timestamp, message_id)

    def group(
        self,
        group_id: Id,
        *,
        user_id: Id | None = None,
        anonymous_id: Id | None = None,
        traits: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        timestamp: datetime | None = None,
        message_id: str | None = None,
    ) -> bool:
        """Say that someone belongs to a group, such as a company; `traits` are the group's."""
        fields: dict[str, object] = {
            "groupId": group_id,
            "userId": user_id,
            "anonymousId": anonymous_id,
            "traits": traits,
        }
        return self._take("group", fields, context, timestamp, message_id)

    def _take(
        self,
        kind: str,
        fields: dict[str, object],
        context: Mapping[str, Any] | None,
        timestamp: datetime | None,
        message_id: str | None,
    ) -> bool:
        raise NotImplementedError
