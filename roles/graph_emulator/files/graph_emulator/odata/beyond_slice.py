# Copyright: (c) 2026, the email_gateway.azure_apps authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Properties of types that the slice of the CSDL leaves out (see properties.py).

They follow the resource pages, as far as they are served.
"""

from __future__ import annotations

BEYOND_SLICE: dict[str, dict[str, str]] = {
    "unifiedRoleDefinition": {
        "allowedPrincipalTypes": "String",
        "description": "String",
        "displayName": "String",
        "isBuiltIn": "Boolean",
        "isEnabled": "Boolean",
        "templateId": "String",
        "version": "String",
    },
    "unifiedRoleAssignment": {
        "appScopeId": "String",
        "directoryScopeId": "String",
        "principalId": "String",
        "roleDefinitionId": "String",
    },
    "customAppScopeAttributesDictionary": {
        "Exclusive": "Boolean",
        "RecipientFilter": "String",
    },
    "customAppScope": {
        "customAttributes": "customAppScopeAttributesDictionary",
        "displayName": "String",
        "type": "String",
    },
    "mailFolder": {
        "childFolderCount": "Int32",
        "displayName": "String",
        "isHidden": "Boolean",
        "parentFolderId": "String",
        "sizeInBytes": "Int64",
        "totalItemCount": "Int32",
        "unreadItemCount": "Int32",
    },
    "message": {
        "bccRecipients": "Collection(recipient)",
        "body": "itemBody",
        "bodyPreview": "String",
        "categories": "Collection(String)",
        "ccRecipients": "Collection(recipient)",
        "changeKey": "String",
        "conversationId": "String",
        "conversationIndex": "Binary",
        "createdDateTime": "DateTimeOffset",
        "flag": "followupFlag",
        "from": "recipient",
        "hasAttachments": "Boolean",
        "importance": "importance",
        "inferenceClassification": "inferenceClassificationType",
        "internetMessageId": "String",
        "isDeliveryReceiptRequested": "Boolean",
        "isDraft": "Boolean",
        "isRead": "Boolean",
        "isReadReceiptRequested": "Boolean",
        "lastModifiedDateTime": "DateTimeOffset",
        "parentFolderId": "String",
        "receivedDateTime": "DateTimeOffset",
        "replyTo": "Collection(recipient)",
        "sender": "recipient",
        "sentDateTime": "DateTimeOffset",
        "subject": "String",
        "toRecipients": "Collection(recipient)",
        "webLink": "String",
    },
    "directoryRole": {"description": "String", "displayName": "String", "roleTemplateId": "String"},
    "recipient": {"emailAddress": "emailAddress"},
    "emailAddress": {"address": "String", "name": "String"},
    "itemBody": {"content": "String", "contentType": "bodyType"},
    "followupFlag": {"flagStatus": "followupFlagStatus"},
}
