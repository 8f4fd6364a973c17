"""Tags of what the provider manages: the provider changes them in place.

CloudFormation's own types for schemas, dataset groups, datasets and solutions take a change of a
tag for another resource, and replace them with everything below. So the first two bear no tags;
datasets and solutions are managed here, as is all that CloudFormation has no type for.
"""

import jsii
from aws_cdk import ITaggableV2, Resource, TagManager, TagType


@jsii.implements(ITaggableV2)
class TaggedResource(Resource):
    """A resource that `Tags.of(scope).add(...)` reaches, though it is a custom resource."""

    @property
    def cdk_tag_manager(self) -> TagManager:
        """The tags; `Tags.of` adds to them."""
        manager: TagManager | None = getattr(self, "_tag_manager", None)
        if manager is None:
            manager = TagManager(TagType.MAP, "Custom::Personalize")
            self._tag_manager = manager
        return manager
